import { Loaded } from '../load';

/** What is wrong with what was to be shown, or that it is still on its way; nothing if it is there. */
export function Notice<T>({ of, absent }: { of: Loaded<T>; absent?: string }) {
  if (of.problem) return <p class={of.value === undefined && of.isAbsent ? 'empty' : 'problem'} role="status">{of.isAbsent && absent ? absent : of.problem}{of.value !== undefined && ' What is shown is from before.'}</p>;
  return of.value === undefined ? <p class="empty" role="status">Loading…</p> : null;
}
