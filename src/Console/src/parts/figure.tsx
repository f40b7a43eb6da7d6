import { ComponentChildren } from 'preact';

/** A number with its name, and what it means and where it comes from for who asks. */
export function Figure({ name, value, about, tone }: { name: string; value: ComponentChildren; about: string; tone?: 'good' | 'bad' }) {
  return (
    <div class={`figure ${tone ?? ''}`} title={about}>
      <div class="value">{value}</div>
      <div class="name">{name}</div>
      <span class="spoken">{about}</span>
    </div>
  );
}

/** A part of a whole, as a bar. */
export function Bar({ part, whole, label }: { part: number; whole: number; label: string }) {
  const share = whole > 0 ? Math.min(100, 100 * part / whole) : 0;
  return <div class="bar" role="meter" aria-label={label} aria-valuemin={0} aria-valuemax={whole} aria-valuenow={part}><div style={{ width: `${share}%` }} /></div>;
}
