import { useEffect, useState } from 'preact/hooks';
import { BuildAction, BuildCauses, BuildDetails, get, NamedSums, Page } from '../api';
import { bytes, clock, count, percent, seconds } from '../format';
import { useLoad } from '../load';
import { Bar, Figure } from '../parts/figure';
import { Notice } from '../parts/notice';
import { asked, Rate } from '../parts/rate';
import { Critical } from '../parts/critical';
import { Column, Table } from '../parts/table';
import { Report, Targets } from '../parts/targets';
import { Timeline } from '../parts/timeline';
import { BlobLink } from '../parts/digest';
import { Route } from '../route';
import { scopeOf } from '../scope';

const page = 1000, most = 20000;

/** One build: what it came to, and each of its actions. */
export function BuildPage({ route }: { route: Route }) {
  const id = route.path[1] ?? '';
  const [isOver, setIsOver] = useState(false);
  const details = useLoad<BuildDetails>(`builds/${encodeURIComponent(id)}`, isOver ? undefined : 3000);
  const actions = useActions(id, details.value?.build.lastSeen);
  useEffect(() => { if (details.value?.build.isOver) setIsOver(true); }, [details.value]);
  const build = details.value?.build;
  const causes = useLoad<BuildCauses>(build && build.sums.misses > 0 ? `builds/${encodeURIComponent(id)}/causes` : undefined, isOver ? undefined : 5000);
  return (
    <>
      <h1>Build <code>{build?.invocation || id}</code></h1>
      <Notice of={details} />
      {build && (
        <>
          <p class="faint">
            {`${build.tool} ${build.toolVersion}`.trim()}{build.instance && <>, instance <code>{build.instance}</code></>}, began {clock(build.began)}{build.isOver ? '' : '; it is under way'}{build.correlated && <>; part of <code>{build.correlated}</code></>}
          </p>
          {build.report && <Report report={build.report} />}
          <div class="figures">
            <Figure name="hit rate" value={percent(build.sums.hits, asked(build.sums))} about={`${count(build.sums.hits)} of ${count(asked(build.sums))} actions had their result in the cache.`} />
            <Figure name="actions" value={count(build.sums.actions)} about="Actions that the client asked about, or had executed." />
            <Figure name="executed" value={count(build.sums.executed + build.sums.merged)} about={`Actions that workers ran with success, ${count(build.sums.merged)} of them for another build at the same time.`} />
            <Figure name="run by the client" value={count(build.sums.stored)} about="Actions whose result was not in the cache, and that the client ran itself." />
            <Figure name="failed" value={count(build.sums.failed)} about="Actions whose execution ended with another exit code than 0, or without one." tone={build.sums.failed > 0 ? 'bad' : undefined} />
            <Figure name="took" value={seconds(build.durationSeconds)} about="From its first call here to its last one." />
            <Figure name="time saved" value={seconds(build.sums.timeSavedSeconds)} about={`How long the commands of the hits ran when their results were made. Of ${count(build.sums.hitsWithoutTime)} hits that is not known.`} tone="good" />
            <Figure name="downloaded" value={bytes(build.sums.bytesSent)} about="Content that the client was sent, uncompressed." />
            <Figure name="uploaded" value={bytes(build.sums.bytesReceived)} about="Content that the client sent, uncompressed." />
          </div>
          <Targets id={id} details={details.value!} isOver={isOver} />
          <h2>Actions over time</h2>
          <Timeline actions={actions.items} />
          {build.sums.misses > 0 && <h2>Why did actions miss?</h2>}
          {build.sums.misses > 0 && <Notice of={causes} absent="What its actions differ in is not known." />}
          {causes.value && <Table label="Causes" rows={causes.value.causes} keyOf={cause => cause.kind + cause.subject} empty="What its actions differ in is not known."
            columns={[
              { title: 'cause', cell: cause => <span title={cause.sentence}>{cause.sentence}</span>, find: cause => cause.sentence },
              { title: 'misses', about: 'Actions that missed for it.', isNumber: true, cell: cause => <><Bar part={cause.share} whole={1} label={`${percent(cause.share, 1)} of all misses`} /> {percent(cause.share, 1)}</>, order: cause => cause.share },
              { title: 'actions', isNumber: true, cell: cause => count(cause.actions), order: cause => cause.actions },
              { title: 'time lost', about: 'How long their commands ran.', isNumber: true, cell: cause => seconds(cause.seconds), order: cause => cause.seconds },
              { title: 'for example', cell: cause => <BlobLink kind="actions" digest={cause.example.split(':').pop()!} query={new URLSearchParams(build.instance ? { instance: build.instance } : {})} /> },
            ]} />}
          <Critical id={id} instance={build.instance} isOver={isOver} />
          <h2>Actions</h2>
          {actions.problem && <p class="problem" role="status">{actions.problem}</p>}
          <Table label="Actions" rows={actions.items} keyOf={action => action.action + action.firstSeen} empty={actions.isWhole ? 'No action of it is known.' : 'Loading…'}
            columns={[
              { title: 'outcome', cell: action => <span class={`outcome ${action.outcome}`}>{action.outcome}</span>, order: action => action.outcome },
              { title: 'target', cell: action => <span title={action.target}>{action.target || '–'}</span>, order: action => action.target },
              { title: 'mnemonic', cell: action => action.mnemonic || '–', order: action => action.mnemonic },
              { title: 'action', cell: action => action.action.includes('/') ? <BlobLink kind="actions" digest={action.action} query={scopeOf(build.instance, action)} /> : <code>{action.action.slice(0, 12)}</code>, find: action => action.action },
              { title: 'ran', about: 'How long its command ran: now, or when the result was made that was found.', isNumber: true, cell: action => action.runSeconds == null ? '–' : seconds(action.runSeconds), order: action => action.runSeconds ?? -1 },
              { title: 'waited', about: 'How long it waited for a worker.', isNumber: true, cell: action => action.queueSeconds == null ? '–' : seconds(action.queueSeconds), order: action => action.queueSeconds ?? -1 },
              { title: 'worker', cell: action => action.worker || '–', order: action => action.worker },
              { title: 'exit code', isNumber: true, cell: action => action.outcome === 'failed' ? action.exitCode : '', order: action => action.exitCode },
              { title: 'downloaded', isNumber: true, cell: action => bytes(action.bytesSent), order: action => action.bytesSent },
            ]} />
          {!actions.isWhole && actions.items.length >= most && <p class="faint">The first {count(most)} are shown.</p>}
          <h2>By kind of action</h2>
          <Sums rows={details.value!.mnemonics} title="mnemonic" />
          <h2>By target</h2>
          <Sums rows={details.value!.targets} title="target" />
          {details.value!.targetCount > details.value!.targets.length && <p class="faint">Of {count(details.value!.targetCount)} targets, those with most misses.</p>}
        </>
      )}
    </>
  );
}

function Sums({ rows, title }: { rows: NamedSums[]; title: string }) {
  const columns: Column<NamedSums>[] = [
    { title, cell: row => <span title={row.name}>{row.name || 'not told'}</span>, order: row => row.name },
    { title: 'actions', isNumber: true, cell: row => count(row.sums.actions), order: row => row.sums.actions },
    { title: 'hit rate', isNumber: true, cell: row => <Rate sums={row.sums} />, order: row => row.sums.hits / Math.max(1, asked(row.sums)) },
    { title: 'misses', isNumber: true, cell: row => count(row.sums.misses), order: row => row.sums.misses },
    { title: 'failed', isNumber: true, cell: row => <span class={row.sums.failed > 0 ? 'bad' : ''}>{count(row.sums.failed)}</span>, order: row => row.sums.failed },
    { title: 'ran', about: 'How long commands ran for this build.', isNumber: true, cell: row => seconds(row.sums.runSeconds), order: row => row.sums.runSeconds },
    { title: 'time saved', isNumber: true, cell: row => seconds(row.sums.timeSavedSeconds), order: row => row.sums.timeSavedSeconds },
  ];
  return <Table label={`By ${title}`} rows={rows} keyOf={row => row.name} empty="The client does not say." columns={columns} />;
}

/** All actions of a build, page by page; read anew when there is more of it. */
function useActions(id: string, version: string | undefined) {
  const [state, setState] = useState<{ items: BuildAction[]; isWhole: boolean; problem?: string }>({ items: [], isWhole: false });
  useEffect(() => {
    if (version === undefined) return;
    const over = new AbortController();
    const read = async () => {
      const items: BuildAction[] = [];
      try {
        for (let next: string | undefined | null = ''; next !== undefined && next !== null && items.length < most;) {
          const part: Page<BuildAction> = await get(`builds/${encodeURIComponent(id)}/actions?limit=${page}${next ? `&after=${encodeURIComponent(next)}` : ''}`, over.signal);
          items.push(...part.items);
          next = part.next;
        }
        setState({ items, isWhole: items.length < most });
      } catch (failure) {
        if (!over.signal.aborted) setState(before => ({ ...before, problem: (failure as Error).message }));
      }
    };
    void read();
    return () => over.abort();
  }, [id, version]);
  return state;
}
