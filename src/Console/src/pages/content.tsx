import { Directory } from '../api';
import { bytes, sizeOf } from '../format';
import { useLoad } from '../load';
import { ArchiveLink, BlobLink, scoped } from '../parts/digest';
import { Notice } from '../parts/notice';
import { Output } from '../parts/output';
import { Table } from '../parts/table';
import { link, Route } from '../route';

interface Entry { name: string; kind: 'directory' | 'file' | 'symlink'; digest?: string; detail: string; href?: string }

/** A directory of the cache, or one inside of a Tree. */
export function DirectoryPage({ route }: { route: Route }) {
  const [kind, hash, size] = route.path;
  const path = route.query.get('path') ?? '', name = route.query.get('name');
  const isTree = kind === 'trees';
  const loaded = useLoad<Directory>(`${kind}/${hash}/${size}?${scoped(route.query)}${isTree ? `&path=${encodeURIComponent(path)}` : ''}`);
  const scope = { instance: route.query.get('instance') ?? undefined, digestFunction: route.query.get('digestFunction') ?? undefined };
  const entries: Entry[] = loaded.value === undefined ? [] : [
    ...loaded.value.directories.map(child => ({
      name: `${child.name}/`, kind: 'directory' as const, digest: child.digest, detail: '',
      href: isTree
        ? link(['trees', hash!, size!], { ...scope, path: path ? `${path}/${child.name}` : child.name, name: name ?? undefined })
        : link(['directories', ...child.digest.split('/')], { ...scope, name: `${name ?? ''}${child.name}/` }),
    })),
    ...loaded.value.files.map(file => ({ name: file.name, kind: 'file' as const, digest: file.digest, detail: file.isExecutable ? 'executable' : '' })),
    ...loaded.value.symlinks.map(symlink => ({ name: symlink.name, kind: 'symlink' as const, detail: `→ ${symlink.target}` })),
  ];
  return (
    <>
      <h1>{isTree ? 'Tree' : 'Directory'} <code>{name ?? `${hash}/${size}`}{path}</code></h1>
      <Notice of={loaded} absent="It is not in the cache: it was never uploaded, or it has been evicted." />
      {loaded.value && <p><ArchiveLink kind={isTree ? 'trees' : 'directories'} digest={`${hash}/${size}`} path={path} name={`${name ?? ''}${path}`.replace(/\/+$/, '').split('/').pop()} query={route.query} /></p>}
      {loaded.value && <Table label="Entries" rows={entries} keyOf={entry => entry.name} empty="The directory is empty."
        columns={[
          { title: 'name', order: entry => entry.name, cell: entry => entry.href ? <a href={entry.href}><code>{entry.name}</code></a> : entry.digest ? <BlobLink digest={entry.digest} name={entry.name} query={route.query} /> : <code>{entry.name}</code> },
          { title: 'kind', order: entry => entry.kind, cell: entry => entry.kind },
          { title: 'size', isNumber: true, order: entry => entry.kind === 'file' ? sizeOf(entry.digest!) : -1, cell: entry => entry.kind === 'file' ? bytes(sizeOf(entry.digest!)) : '' },
          { title: '', cell: entry => <code>{entry.detail}</code> },
        ]} />}
    </>
  );
}

/** A blob: its beginning, if it is text, and a way to have it. */
export function BlobPage({ route }: { route: Route }) {
  const digest = route.path.slice(1).join('/'), name = route.query.get('name');
  const address = `/api/v1/blobs/${digest}?${scoped(route.query)}&name=${encodeURIComponent(name?.split('/').pop() ?? '')}`;
  return (
    <>
      <h1>Blob <code>{name ?? digest}</code></h1>
      <p>{bytes(sizeOf(digest))}, <a href={address} download>download</a>. <span class="faint"><code>{digest}</code></span></p>
      <p class="faint">If it is a message: look at it <BlobLink kind="actions" digest={digest} name="as an action" query={route.query} />, <BlobLink kind="directories" digest={digest} name="as a directory" query={route.query} /> or <BlobLink kind="trees" digest={digest} name="as a tree" query={route.query} />.</p>
      <Output title="Content" digest={digest} query={route.query} />
    </>
  );
}

/** A way in for who has a digest. */
export function LookUp() {
  return (
    <>
      <h1>Look up</h1>
      <p>An action, a directory or any blob of the cache, by its digest, as clients print them: <code>hash/size</code>.</p>
      <form onSubmit={event => {
        event.preventDefault();
        const given = new FormData(event.currentTarget);
        const digest = String(given.get('digest')).trim();
        location.hash = link([String(given.get('kind')), ...digest.split('/')], { instance: String(given.get('instance')) || undefined });
      }}>
        <label>digest <input name="digest" required pattern="\s*[0-9a-f]{32,128}/[0-9]+\s*" title="hash/size" size={80} /></label>
        <label>it is <select name="kind"><option value="actions">an action</option><option value="directories">a directory</option><option value="trees">a tree</option><option value="blobs">any blob</option></select></label>
        <label>instance <input name="instance" placeholder="none" /></label>
        <button>show</button>
      </form>
    </>
  );
}
