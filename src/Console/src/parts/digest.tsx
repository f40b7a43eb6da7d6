import { bytes, short, sizeOf } from '../format';
import { link } from '../route';

const scope = (query: URLSearchParams) => ({ instance: query.get('instance') ?? undefined, digestFunction: query.get('digestFunction') ?? undefined });

export const scoped = (query: URLSearchParams): string => {
  const given = Object.entries(scope(query)).filter((pair): pair is [string, string] => !!pair[1]);
  return new URLSearchParams(given).toString();
};

/** A blob: its address here, and its size. */
export function BlobLink({ digest, name, query, kind = 'blobs' }: { digest: string; name?: string; query: URLSearchParams; kind?: 'blobs' | 'directories' | 'trees' | 'actions' }) {
  return <a href={link([kind, ...digest.split('/')], { ...scope(query), name })} title={digest}><code>{name ?? short(digest)}</code>{kind === 'blobs' && <span class="faint"> {bytes(sizeOf(digest))}</span>}</a>;
}

/** A directory or a Tree with all that is in it, as an archive. */
export function ArchiveLink({ digest, name, path, query, kind }: { digest: string; name?: string; path?: string; query: URLSearchParams; kind: 'directories' | 'trees' }) {
  const given = Object.entries({ ...scope(query), path, name }).filter((pair): pair is [string, string] => !!pair[1]);
  return <a href={`/api/v1/${kind}/${digest}.tar.zst${given.length > 0 ? `?${new URLSearchParams(given)}` : ''}`} download title="Everything in it as an archive: tar --zstd -xf FILE">download as tar.zst</a>;
}
