import { useEffect, useState } from 'preact/hooks';
import { bytes, sizeOf } from '../format';
import { BlobLink, scoped } from './digest';
import { Terminal } from './terminal';

const shown = 64 * 1024;

/** What an action has written, or the beginning of it; nothing if it has written nothing. */
export function Output({ title, text, digest, query }: { title: string; text?: string | null; digest?: string | null; query: URLSearchParams }) {
  const [read, setRead] = useState<string>();
  useEffect(() => {
    if (!digest) return;
    const over = new AbortController();
    void fetch(`/api/v1/blobs/${digest}?show=${shown}&${scoped(query)}`, { signal: over.signal })
      .then(async response => setRead(response.ok ? await response.text() : 'It is not in the cache any more.'))
      .catch(() => { /* the page was left, or the server is away: then the link is still there */ });
    return () => over.abort();
  }, [digest]);
  const content = text ?? read;
  if (!digest && !text) return null;
  const link = digest && <span><BlobLink digest={digest} query={query} />{sizeOf(digest) > shown && <span class="faint">, of which the first {bytes(shown)} are shown</span>}</span>;
  return (
    <section>
      <h2>{title}</h2>
      {content === undefined ? <p class="empty">Loading…</p>
        : content === '' ? <p class="empty">It is empty.</p>
        : content.includes('\u0000') ? <p class="empty">It is not text: {link}</p>
        : <Terminal text={content} label={title}>{link}</Terminal>}
    </section>
  );
}
