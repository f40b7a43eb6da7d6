import { useEffect, useState } from 'preact/hooks';
import { Copyable } from './copy';
import { scoped } from './digest';

/** A script that runs an action on the machine of who looks at it. */
export function Replay({ digest, query }: { digest: string; query: URLSearchParams }) {
  const [isOpen, setIsOpen] = useState(false);
  const [script, setScript] = useState<string>();
  const instance = query.get('instance'), digestFunction = query.get('digestFunction');
  const command = `remoteexec replay ${digestFunction ? `${digestFunction}:` : ''}${digest}${instance ? ` --instance '${instance}'` : ''}`;
  const scope = scoped(query), address = `/api/v1/actions/${digest}/replay${scope && `?${scope}`}`;
  useEffect(() => {
    if (!isOpen) return;
    const over = new AbortController();
    void fetch(address, { signal: over.signal })
      .then(async response => setScript(response.ok ? await response.text() : 'The server can’t say: the action or its command is not in the cache any more.'))
      .catch(() => { if (!over.signal.aborted) setScript('The server can’t be reached.'); });
    return () => over.abort();
  }, [isOpen, address]);
  return (
    <section>
      <h2>Run it here</h2>
      <p>In the sandbox that a worker would have, and compared with its result; with <code>--shell</code> there is a shell in its place:</p>
      <Copyable label="Command to replay the action" text={command} />
      <p>Where there is no <code>remoteexec</code>: with its inputs, its environment and nothing else, but without a sandbox. It takes bash, curl, tar and zstd:</p>
      <Copyable label="Command to run the action" text={`curl -fsS '${location.origin}${address}' >replay.sh && bash replay.sh`} />
      <details onToggle={event => setIsOpen(event.currentTarget.open)}>
        <summary>The script</summary>
        {isOpen && (script === undefined ? <p class="empty">Loading…</p> : <Copyable label="Script" text={script} />)}
      </details>
    </section>
  );
}
