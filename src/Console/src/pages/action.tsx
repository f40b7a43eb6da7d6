import { useEffect, useState } from 'preact/hooks';
import { Action, Execution, Operation, Operations, Server } from '../api';
import { seconds } from '../format';
import { useLoad } from '../load';
import { ArchiveLink, BlobLink, scoped } from '../parts/digest';
import { Why } from '../parts/explanation';
import { Live, operationPath } from '../parts/live';
import { Notice } from '../parts/notice';
import { Output } from '../parts/output';
import { Replay } from '../parts/replay';
import { link, Route } from '../route';
import { CompareForm } from './compare';

/** Everything about one action. */
export function ActionPage({ route }: { route: Route }) {
  const digest = route.path.slice(1).join('/');
  const loaded = useLoad<Action>(`actions/${digest}?${scoped(route.query)}`);
  const { action, command, result } = loaded.value ?? {};
  const operation = useOperation(digest, route.query.get('operation') ?? undefined, loaded.value !== undefined && !result, loaded.reload);
  const isDone = operation?.stage === 'COMPLETED';
  return (
    <>
      <h1>Action <code>{digest}</code></h1>
      <Notice of={loaded} absent="Neither the action nor a result of it is in the cache: it was never uploaded, or it has been evicted." />
      {operation && !isDone && (
        <p class="done" role="status">
          It {operation.stage === 'EXECUTING' ? 'runs' : 'waits'}{operation.workers.length > 0 && <> on {operation.workers.join(', ')}</>}{operation.attempts > 1 && `, attempt ${operation.attempts}`}: <a href={link(['queue'])}>queue and workers</a>
        </p>
      )}
      {operation && isDone && operation.outcome && operation.outcome !== 'ok' && operation.outcome !== 'cached' && <p class="problem" role="status">The operation ended: {operation.outcome.replaceAll('_', ' ')}{operation.message && `, ${operation.message}`}.</p>}
      {operation && (!isDone || !result) && (
        <>
          <Live title="Standard output" operation={operation.name} log="stdout" />
          <Live title="Standard error" operation={operation.name} log="stderr" />
        </>
      )}
      <Why digest={digest} query={route.query} />
      {loaded.value && !action && <p class="empty">The action itself is not in the cache. Clients that use it as a cache alone upload results, but neither actions nor commands.</p>}
      {action && (
        <dl>
          <dt>input root</dt><dd><BlobLink kind="directories" digest={action.inputRootDigest} query={route.query} /> · <ArchiveLink kind="directories" digest={action.inputRootDigest} name="inputs" query={route.query} /></dd>
          <dt>timeout</dt><dd>{action.timeoutSeconds === undefined || action.timeoutSeconds === null ? 'the server’s' : seconds(action.timeoutSeconds)}</dd>
          <dt>cached</dt><dd>{action.doNotCache ? 'not to be cached' : 'may be cached'}</dd>
          {action.salt && <><dt>salt</dt><dd><code>{action.salt}</code></dd></>}
          <dt>platform</dt><dd><Pairs pairs={action.platform.length > 0 ? action.platform : command?.platform ?? []} none="any" /></dd>
        </dl>
      )}
      {action && !command && <p class="empty">Its command is not in the cache any more.</p>}
      {command && (
        <>
          <h2>Command</h2>
          <pre class="command">{command.arguments.map(quote).join(' ')}</pre>
          <dl>
            <dt>working directory</dt><dd><code>{command.workingDirectory || 'the input root'}</code></dd>
            <dt>environment</dt><dd><Pairs pairs={command.environment} none="empty" /></dd>
            <dt>declared outputs</dt><dd>{command.outputPaths.length === 0 ? 'none' : command.outputPaths.map(path => <div key={path}><code>{path}</code></div>)}</dd>
          </dl>
        </>
      )}
      {loaded.value && <h2>Result</h2>}
      {loaded.value && !result && operation && !isDone && <p class="empty">Not yet: this page shows it when the action is done.</p>}
      {loaded.value && !result && !(operation && !isDone) && <p class="empty">No result is cached: the action has not run yet, it failed, it must not be cached, or its outputs have been evicted.</p>}
      {result && (
        <>
          <dl>
            <dt>exit code</dt><dd class={result.exitCode === 0 ? '' : 'bad'}>{result.exitCode}</dd>
            {result.execution?.worker && <><dt>worker</dt><dd>{result.execution.worker}</dd></>}
            <dt>outputs</dt>
            <dd>
              {result.files.map(file => <div key={file.path}><BlobLink digest={file.digest} name={file.path} query={route.query} />{file.isExecutable && <span class="faint"> executable</span>}</div>)}
              {result.directories.map(directory => <div key={directory.path}><BlobLink kind="trees" digest={directory.treeDigest} name={`${directory.path}/`} query={route.query} /> · <ArchiveLink kind="trees" digest={directory.treeDigest} name={directory.path.split('/').pop()} query={route.query} /></div>)}
              {result.symlinks.map(symlink => <div key={symlink.path}><code>{symlink.path} → {symlink.target}</code></div>)}
              {result.files.length + result.directories.length + result.symlinks.length === 0 && 'none'}
            </dd>
          </dl>
          {result.execution && <Phases execution={result.execution} />}
          <Output title="Standard output" text={result.stdout} digest={result.stdoutDigest} query={route.query} />
          <Output title="Standard error" text={result.stderr} digest={result.stderrDigest} query={route.query} />
        </>
      )}
      {command && <Replay digest={digest} query={route.query} />}
      {loaded.value && <CompareForm digest={digest} query={route.query} />}
    </>
  );
}

/** The operation that executes an action: the one that is named, or else one that is under way. */
function useOperation(digest: string, name: string | undefined, looks: boolean, ended: () => void): Operation | undefined {
  const server = useLoad<Server>(name === undefined && looks ? 'server' : undefined);
  const all = useLoad<Operations>(server.value?.executes ? 'operations' : undefined);
  const known = name ?? all.value?.operations.find(operation => operation.action === digest)?.name;
  const [isDone, setIsDone] = useState(false);
  const followed = useLoad<Operation>(known && operationPath(known), isDone ? undefined : 1000);
  useEffect(() => { if (followed.value?.stage === 'COMPLETED') setIsDone(true); }, [followed.value]);
  useEffect(() => { if (isDone) ended(); }, [isDone]);
  return followed.value;
}

function Pairs({ pairs, none }: { pairs: { name: string; value: string }[]; none: string }) {
  return pairs.length === 0 ? <>{none}</> : <>{pairs.map(pair => <div key={pair.name + pair.value}><code>{pair.name}={pair.value}</code></div>)}</>;
}

/** What took how long, beside each other. */
function Phases({ execution }: { execution: Execution }) {
  const phases = ([
    ['queue', execution.queued, execution.workerStart],
    ['fetch inputs', execution.inputFetchStart, execution.inputFetchCompleted],
    ['run', execution.executionStart, execution.executionCompleted],
    ['store outputs', execution.outputUploadStart, execution.outputUploadCompleted],
  ] as const).flatMap(([name, from, to]) => from && to ? [{ name, from: Date.parse(from), to: Date.parse(to) }] : []);
  if (phases.length === 0) return null;
  const begin = Math.min(...phases.map(phase => phase.from)), whole = Math.max(1, Math.max(...phases.map(phase => phase.to)) - begin);
  return (
    <div class="phases" role="list" aria-label="Phases of the execution">
      {phases.map(phase => (
        <div key={phase.name} role="listitem">
          <span>{phase.name}</span>
          <div class="track"><div style={{ left: `${100 * (phase.from - begin) / whole}%`, width: `${Math.max(0.5, 100 * (phase.to - phase.from) / whole)}%` }} /></div>
          <span class="number">{seconds((phase.to - phase.from) / 1000)}</span>
        </div>
      ))}
    </div>
  );
}

const quote = (text: string): string => /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
