import { Explanation } from '../api';
import { useLoad } from '../load';
import { BlobLink, scoped } from '../parts/digest';
import { Explained } from '../parts/explanation';
import { Notice } from '../parts/notice';
import { link, Route } from '../route';

/** In what one action differs from another, whoever ran them. */
export function ComparePage({ route }: { route: Route }) {
  const digest = route.path.slice(1, 3).join('/'), other = route.path.slice(4, 6).join('/');
  const scope = scoped(route.query);
  const loaded = useLoad<Explanation>(`actions/${digest}/explanation?with=${encodeURIComponent(other)}${scope && `&${scope}`}`);
  return (
    <>
      <h1>Compare two actions</h1>
      <dl>
        <dt>before</dt><dd><BlobLink kind="actions" digest={other} name={other} query={route.query} /></dd>
        <dt>after</dt><dd><BlobLink kind="actions" digest={digest} name={digest} query={route.query} /></dd>
      </dl>
      <p><a href={link(['actions', ...other.split('/'), 'compare', ...digest.split('/')], Object.fromEntries(new URLSearchParams(scope)))}>the other way round</a></p>
      <Notice of={loaded} />
      {loaded.value && <Explained why={loaded.value} query={route.query} isOpen />}
    </>
  );
}

/** Asks with what to compare an action. */
export function CompareForm({ digest, query }: { digest: string; query: URLSearchParams }) {
  return (
    <section>
      <h2>Compare it</h2>
      <form class="inline" onSubmit={event => {
        event.preventDefault();
        const other = String(new FormData(event.currentTarget).get('other')).trim();
        location.hash = link(['actions', ...digest.split('/'), 'compare', ...other.split('/')], Object.fromEntries(new URLSearchParams(scoped(query))));
      }}>
        <label>with an earlier action <input name="other" required pattern="\s*[0-9a-f]{32,128}/[0-9]+\s*" placeholder="hash/size" title="hash/size" size={72} /></label>
        <button>compare</button>
      </form>
    </section>
  );
}
