import { useRef, useState } from 'preact/hooks';
import { Build, get, Page } from '../api';
import { ago, bytes, count, seconds } from '../format';
import { useLoad } from '../load';
import { Notice } from '../parts/notice';
import { asked, Rate } from '../parts/rate';
import { Table } from '../parts/table';
import { Status } from '../parts/targets';
import { link, Route } from '../route';

const statuses = ['running', 'succeeded', 'failed', 'interrupted', 'expired'];
const several = 200, more = 1000; // at first, and when the end is reached

/** What has been built, the newest first. */
export function Builds({ route }: { route: Route }) {
  const filters: Record<string, string> = {};
  for (const name of ['failed', 'tool', 'user', 'status']) {
    const value = route.query.get(name);
    if (value) filters[name] = value;
  }
  const filter = new URLSearchParams({ limit: `${several}`, ...filters }).toString();
  const select = (name: string, value: string | undefined) => { location.hash = link(['builds'], { ...filters, [name]: value }); };
  const first = useLoad<Page<Build>>(`builds?${filter}`, 5000);
  const [older, setOlder] = useState<{ filter: string; items: Build[]; next: string | null }>();
  const [problem, setProblem] = useState<string>();
  const further = older?.filter === filter ? older : undefined;
  const next = further ? further.next : first.value?.next;
  const newest = first.value?.items ?? [], known = new Set(newest.map(build => build.id));
  const rows = [...newest, ...(further?.items ?? []).filter(build => !known.has(build.id))];
  const isReading = useRef(false);
  const extend = async () => {
    if (!next || isReading.current) return;
    isReading.current = true;
    try {
      const page = await get<Page<Build>>(`builds?${filter.replace(`limit=${several}`, `limit=${more}`)}&after=${encodeURIComponent(next)}`);
      setOlder({ filter, items: [...(further?.items ?? newest), ...page.items], next: page.next });
      setProblem(undefined);
    } catch (failure) {
      setProblem((failure as Error).message);
    } finally {
      isReading.current = false;
    }
  };
  return (
    <>
      <h1>Builds</h1>
      <p class="filters">
        <label><input type="checkbox" checked={filters['failed'] === 'true'} onChange={event => select('failed', event.currentTarget.checked ? 'true' : undefined)} /> only with failed actions</label>
        <label>status <select value={filters['status'] ?? ''} onChange={event => select('status', event.currentTarget.value)}>
          <option value="">any</option>
          {statuses.map(status => <option key={status} value={status}>{status}</option>)}
        </select></label>
        <label>user <input value={filters['user'] ?? ''} placeholder="any" onChange={event => select('user', event.currentTarget.value.trim())} /></label>
        <label>tool <input value={filters['tool'] ?? ''} placeholder="any" onChange={event => select('tool', event.currentTarget.value.trim())} /></label>
      </p>
      <Notice of={first} />
      {first.value && <Table label="Builds" rows={rows} keyOf={build => build.id} isMore={!!next} onEnd={() => void extend()}
        empty={Object.keys(filters).length > 0 ? 'No such build is known.' : <>No build has come here yet. Build something with the flags that the server printed when it was started, such as <code>bazel build --remote_cache=grpc://{location.hostname}:8980 --bes_backend=grpc://{location.hostname}:8980 //...</code></>}
        columns={[
          { title: 'began', cell: build => <a href={link(['builds', build.id])}>{ago(build.began, first.at)}</a>, order: build => Date.parse(build.began) },
          { title: 'tool', cell: build => `${build.tool} ${build.toolVersion}`.trim(), order: build => build.tool },
          { title: 'status', about: 'How it ended, as its client tells. Bazel does with --bes_backend.', cell: build => <Status report={build.report} />, order: build => build.report?.status ?? '' },
          { title: 'user', about: 'Who builds, as the client tells.', cell: build => build.report?.user || '–', order: build => build.report?.user ?? '' },
          { title: 'invocation', about: 'What the client calls the build; for who names none, all of its calls within an hour are one build.', cell: build => <code>{build.invocation.slice(0, 8) || '–'}</code>, find: build => build.invocation },
          { title: 'took', about: 'From its first call here to its last one.', isNumber: true, cell: build => build.isOver ? seconds(build.durationSeconds) : `${seconds(build.durationSeconds)} …`, order: build => build.durationSeconds },
          { title: 'actions', isNumber: true, cell: build => count(build.sums.actions), order: build => build.sums.actions },
          { title: 'hit rate', about: 'Actions whose result was in the cache.', isNumber: true, cell: build => <Rate sums={build.sums} />, order: build => build.sums.hits / Math.max(1, asked(build.sums)) },
          { title: 'executed', about: 'Actions that workers ran for it.', isNumber: true, cell: build => count(build.sums.executed), order: build => build.sums.executed },
          { title: 'failed', isNumber: true, cell: build => <span class={build.sums.failed > 0 ? 'bad' : ''}>{count(build.sums.failed)}</span>, order: build => build.sums.failed },
          { title: 'time saved', about: 'How long the commands of the hits ran when their results were made.', isNumber: true, cell: build => seconds(build.sums.timeSavedSeconds), order: build => build.sums.timeSavedSeconds },
          { title: 'downloaded', isNumber: true, cell: build => bytes(build.sums.bytesSent), order: build => build.sums.bytesSent },
          { title: 'uploaded', isNumber: true, cell: build => bytes(build.sums.bytesReceived), order: build => build.sums.bytesReceived },
        ]} />}
      {problem && <p class="problem" role="status">{problem}</p>}
      {problem && <p><button onClick={() => void extend()}>read older builds again</button></p>}
    </>
  );
}
