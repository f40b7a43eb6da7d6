import { useEffect, useState } from 'preact/hooks';
import { get, Refusal } from './api';

export interface Loaded<T> { value?: T; problem?: string; isAbsent?: boolean; at: number; reload: () => void }

/** Reads from the server, and again every so many milliseconds while the page is looked at. What was read stays in sight when a later attempt fails. */
export function useLoad<T>(path: string | undefined, every?: number): Loaded<T> {
  const [state, setState] = useState<{ path?: string; value?: T; problem?: string; isAbsent?: boolean; at: number }>({ at: Date.now() });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (path === undefined) return;
    const over = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const read = async () => {
      if (!document.hidden) {
        try {
          const value = await get<T>(path, over.signal);
          setState({ path, value, at: Date.now() });
        } catch (failure) {
          if (over.signal.aborted) return;
          const isAbsent = failure instanceof Refusal && failure.status === 404;
          const problem = failure instanceof Refusal ? failure.message : 'The server can’t be reached.';
          setState(before => ({ path, value: before.path === path ? before.value : undefined, problem, isAbsent, at: Date.now() }));
        }
      }
      if (every !== undefined && !over.signal.aborted) timer = setTimeout(() => void read(), every);
    };
    void read();
    return () => {
      over.abort();
      clearTimeout(timer);
    };
  }, [path, every, turn]);
  const known = state.path === path ? state : { at: state.at };
  return { ...known, reload: () => setTurn(turn + 1) };
}
