import { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { stretches } from '../ansi';

/** What a program wrote, in the colours that it wanted. While more may come, its end can be followed. */
export function Terminal({ text, label, isLive, children }: { text: string; label: string; isLive?: boolean; children?: ComponentChildren }) {
  const [wraps, setWraps] = useState(true);
  const [follows, setFollows] = useState(true);
  const box = useRef<HTMLPreElement>(null);
  useLayoutEffect(() => {
    if (isLive && follows && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [text, isLive, follows]);
  return (
    <>
      <p class="filters">
        <label><input type="checkbox" checked={wraps} onChange={event => setWraps(event.currentTarget.checked)} /> wrap long lines</label>
        {isLive && <label><input type="checkbox" checked={follows} onChange={event => setFollows(event.currentTarget.checked)} /> follow the end</label>}
        {children}
      </p>
      <pre class={`terminal ${wraps ? '' : 'unwrapped'}`} ref={box} tabIndex={0} role="region" aria-label={label}>
        {stretches(text).map((stretch, number) => stretch.style ? <span key={number} class={stretch.style}>{stretch.text}</span> : stretch.text)}
      </pre>
    </>
  );
}
