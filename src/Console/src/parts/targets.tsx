import { useRef, useState } from 'preact/hooks';
import { BuildDetails, BuildReport, FailedAction, get, Page, StatusCount, Target, Test } from '../api';
import { clock, count, seconds } from '../format';
import { useLoad } from '../load';
import { BlobLink } from './digest';
import { Notice } from './notice';
import { Table } from './table';

const several = 500;

/** How a build is, as its client tells. */
export function Status({ report }: { report?: BuildReport | null }) {
  return report ? <span class={`status ${report.status}`}>{report.status}</span> : <>–</>;
}

/** What the client tells of a build as a whole. */
export function Report({ report }: { report: BuildReport }) {
  return (
    <dl>
      <dt>status</dt><dd><Status report={report} />{report.exitCode != null && <>, exit code {report.exitCode}{report.exitName && ` (${report.exitName})`}</>}</dd>
      {report.problem && <><dt>problem</dt><dd class="bad">{report.problem}</dd></>}
      {report.command && <><dt>command</dt><dd><code>{[report.command, ...report.patterns].join(' ')}</code></dd></>}
      {(report.user || report.host) && <><dt>by</dt><dd>{report.user}{report.host && ` on ${report.host}`}{report.workspace && <>, in <code>{report.workspace}</code></>}</dd></>}
      {report.started && <><dt>began</dt><dd>{clock(report.started)}, by its own clock{report.wallSeconds != null && `; took ${seconds(report.wallSeconds)}`}{report.criticalPathSeconds != null && `, ${seconds(report.criticalPathSeconds)} of that on the critical path`}</dd></>}
      {report.keywords.length > 0 && <><dt>keywords</dt><dd>{report.keywords.join(', ')}</dd></>}
    </dl>
  );
}

/** What came of targets and tests, those first that failed, and which actions did. */
export function Targets({ id, details, isOver }: { id: string; details: BuildDetails; isOver: boolean }) {
  const { report } = details.build;
  if (!report) return details.build.tool === 'bazel' ? <p class="faint">How it ended, and what came of targets and tests, is not known. Bazel tells it with <code>--bes_backend=grpc://{location.hostname}:8980</code>, as with the configuration that the server printed when it was started.</p> : null;
  return (
    <>
      <h2>Targets and tests</h2>
      <p><Counts name="target" counts={details.targetStatuses} />{details.testStatuses.length > 0 && <>; <Counts name="test" counts={details.testStatuses} /></>}{report.hasMore && <span class="faint">; there were more than are kept</span>}</p>
      {details.failedActions.length > 0 && <FailedActions actions={details.failedActions} />}
      {report.tests > 0 && <Tests id={id} isOver={isOver} />}
      {report.targets > 0 && <TargetList id={id} isOver={isOver} />}
    </>
  );
}

function Counts({ name, counts }: { name: string; counts: StatusCount[] }) {
  const all = counts.reduce((sum, one) => sum + one.count, 0);
  return <>{count(all)} {name}{all === 1 ? '' : 's'}{counts.map((one, number) => <>{number === 0 ? ': ' : ', '}<span class={isBad(one.status) ? 'bad' : ''}>{count(one.count)} {words(one.status)}</span></>)}</>;
}

function FailedActions({ actions }: { actions: FailedAction[] }) {
  return <Table label="Failed actions" rows={actions.map((action, number) => ({ ...action, number }))} keyOf={action => `${action.number}`} empty=""
    columns={[
      { title: 'failed action', cell: action => <span class="bad">{action.mnemonic || 'action'}</span>, order: action => action.mnemonic },
      { title: 'target', cell: action => <span title={action.target}>{action.target}</span>, order: action => action.target },
      { title: 'exit code', isNumber: true, cell: action => action.exitCode, order: action => action.exitCode },
      { title: 'what it wrote', cell: action => <><File uri={action.stderr} name="stderr" /> <File uri={action.stdout} name="stdout" /></> },
    ]} />;
}

function Tests({ id, isOver }: { id: string; isOver: boolean }) {
  const tests = usePages<Test>(`builds/${encodeURIComponent(id)}/tests`, isOver);
  return (
    <>
      <Notice of={tests.first} />
      {tests.first.value && <Table label="Tests" rows={tests.rows} keyOf={test => test.label} empty="No test is known." isMore={tests.isMore} onEnd={tests.extend}
        columns={[
          { title: 'test', cell: test => <span title={test.label}>{test.label}</span>, order: test => test.label },
          { title: 'status', cell: test => <span class={isBad(test.status) ? 'bad' : ''}>{words(test.status)}</span>, order: test => test.status },
          { title: 'took', about: 'How long all of its runs took together, now or when the results were made that were found.', isNumber: true, cell: test => seconds(test.seconds), order: test => test.seconds },
          { title: 'runs', isNumber: true, cell: test => count(test.runs), order: test => test.runs },
          { title: 'shards', isNumber: true, cell: test => count(test.shards), order: test => test.shards },
          { title: 'attempts', about: 'How often a part of it was tried, at most.', isNumber: true, cell: test => count(test.attempts), order: test => test.attempts },
          { title: 'cached', about: 'Results that the client had from before, or found in the cache.', isNumber: true, cell: test => `${count(test.cachedLocally + test.cachedRemotely)} of ${count(test.results)}`, order: test => test.cachedLocally + test.cachedRemotely },
          { title: 'log', cell: test => <File uri={test.log} name="test.log" /> },
        ]} />}
      {tests.problem && <p class="problem" role="status">{tests.problem}</p>}
    </>
  );
}

function TargetList({ id, isOver }: { id: string; isOver: boolean }) {
  const targets = usePages<Target>(`builds/${encodeURIComponent(id)}/targets`, isOver);
  return (
    <>
      <Notice of={targets.first} />
      {targets.first.value && <Table label="Targets" rows={targets.rows} keyOf={target => target.label} empty="No target is known." isMore={targets.isMore} onEnd={targets.extend}
        columns={[
          { title: 'target', cell: target => <span title={target.label}>{target.label}</span>, order: target => target.label },
          { title: 'status', cell: target => <span class={isBad(target.status) ? 'bad' : ''}>{words(target.status)}</span>, order: target => target.status },
          { title: 'kind', cell: target => target.kind || '–', order: target => target.kind },
          { title: 'problem', about: 'What went wrong, if it was no action of it.', cell: target => <span title={target.problem}>{target.problem}</span>, order: target => target.problem },
        ]} />}
      {targets.problem && <p class="problem" role="status">{targets.problem}</p>}
    </>
  );
}

/** A file where the client has it: a link if it is in the cache. */
function File({ uri, name }: { uri: string; name: string }) {
  const found = /^bytestream:\/\/[^/]+\/(?:(.+)\/)?blobs\/(?:([a-z0-9]+)\/)?([0-9a-f]{32,}\/\d+)$/.exec(uri);
  if (!found) return uri ? <span class="faint" title={`${uri}: it was not uploaded`}>{name}: at the client</span> : null;
  const query = new URLSearchParams();
  if (found[1]) query.set('instance', found[1]);
  if (found[2]) query.set('digestFunction', found[2]);
  return <BlobLink digest={found[3]!} name={name} query={query} />;
}

/** A list that grows as its end is seen; its first page is read again while the build goes on. */
function usePages<T extends { label: string }>(path: string, isOver: boolean) {
  const first = useLoad<Page<T>>(`${path}?limit=${several}`, isOver ? undefined : 3000);
  const [more, setMore] = useState<{ items: T[]; next: string | null }>();
  const [problem, setProblem] = useState<string>();
  const next = more ? more.next : first.value?.next;
  const newest = first.value?.items ?? [], known = new Set(newest.map(item => item.label));
  const isReading = useRef(false);
  const extend = async () => {
    if (!next || isReading.current) return;
    isReading.current = true;
    try {
      const page = await get<Page<T>>(`${path}?limit=${several}&after=${encodeURIComponent(next)}`);
      setMore({ items: [...(more?.items ?? []), ...page.items], next: page.next });
      setProblem(undefined);
    } catch (failure) {
      setProblem((failure as Error).message);
    } finally {
      isReading.current = false;
    }
  };
  return { first, rows: [...newest, ...(more?.items ?? []).filter(item => !known.has(item.label))], isMore: !!next, extend: () => void extend(), problem };
}

const good = ['ok', 'passed', 'flaky', 'skipped', 'pending', 'noStatus', 'incomplete'];

const isBad = (status: string): boolean => !good.includes(status);

/** "failedToBuild" as people write it. */
const words = (status: string): string => status.replace(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`);
