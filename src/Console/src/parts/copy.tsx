import { useRef, useState } from 'preact/hooks';

/** A text that somebody may want elsewhere, with a button that puts it onto the clipboard. */
export function Copyable({ text, label }: { text: string; label: string }) {
  const box = useRef<HTMLPreElement>(null);
  const [said, setSaid] = useState('');
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text); // browsers have none for pages over plain HTTP from elsewhere
      setSaid('copied');
    } catch {
      getSelection()?.selectAllChildren(box.current!);
      setSaid('selected: press Ctrl+C');
    }
  };
  return (
    <>
      <p><button class="small" onClick={() => void copy()}>copy</button> <span role="status">{said}</span></p>
      <pre ref={box} tabIndex={0} role="region" aria-label={label}>{text}</pre>
    </>
  );
}
