import { useEffect, useState } from 'preact/hooks';
import { bytes, count } from '../format';
import { Terminal } from './terminal';

const kept = 256 * 1024; // characters that are shown: the last
const often = 100; // milliseconds from one look to the next

export const operationPath = (name: string): string => `operations/${name.split('/').map(encodeURIComponent).join('/')}`;

/** What the action of an operation writes, while it does. */
export function Live({ title, operation, log }: { title: string; operation: string; log: 'stdout' | 'stderr' }) {
  const [state, setState] = useState({ text: '', left: 0, isOver: false, problem: '' });
  const [isSeen, setIsSeen] = useState(!document.hidden);
  const address = `/api/v1/${operationPath(operation)}/${log}`;
  const isWhole = state.isOver && state.problem === '';
  useEffect(() => {
    const look = () => setIsSeen(!document.hidden);
    document.addEventListener('visibilitychange', look);
    return () => document.removeEventListener('visibilitychange', look);
  }, []);
  useEffect(() => {
    if (!isSeen || isWhole) return; // browsers have few connections to a server: windows that nobody looks at leave them to others
    const over = new AbortController();
    let text = '', left = 0, isOver = false, problem = '', timer: ReturnType<typeof setTimeout> | undefined;
    const show = () => {
      timer = undefined;
      setState({ text, left, isOver, problem });
    };
    const follow = async () => {
      try {
        const response = await fetch(address, { signal: over.signal });
        if (!response.ok || !response.body) throw new Error();
        const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
        for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
          text += piece.value;
          left += Math.max(0, text.length - kept);
          text = text.slice(-kept);
          timer ??= setTimeout(show, often);
        }
      } catch {
        problem = 'The log can’t be followed any further.';
      }
      isOver = true;
      if (!over.signal.aborted) show();
    };
    void follow();
    return () => {
      over.abort();
      clearTimeout(timer);
    };
  }, [address, isSeen]);
  return (
    <section>
      <h2>{title}{state.isOver ? '' : ', live'}</h2>
      {state.problem && <p class="problem" role="status">{state.problem}</p>}
      {state.text === ''
        ? <p class="empty">{state.isOver ? 'Nothing was written.' : 'Nothing was written yet.'}</p>
        : <Terminal text={state.text} label={title} isLive={!state.isOver}>
            <a href={address} download={`${log}.txt`}>download</a>
            {state.left > 0 && <span class="faint">the last {bytes(kept)}; {count(state.left)} characters come before them</span>}
          </Terminal>}
    </section>
  );
}
