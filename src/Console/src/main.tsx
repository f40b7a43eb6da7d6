import { ComponentChildren, render } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { ActionPage } from './pages/action';
import { BuildPage } from './pages/build';
import { Builds } from './pages/builds';
import { ComparePage } from './pages/compare';
import { Config } from './pages/config';
import { BlobPage, DirectoryPage, LookUp } from './pages/content';
import { Overview } from './pages/overview';
import { Queue } from './pages/queue';
import { Stores } from './pages/stores';
import { Route, useRoute } from './route';
import './style.css';

const pages: { path: string; title: string }[] = [
  { path: '', title: 'Overview' },
  { path: 'builds', title: 'Builds' },
  { path: 'queue', title: 'Queue and workers' },
  { path: 'stores', title: 'Stores' },
  { path: 'lookup', title: 'Look up' },
  { path: 'config', title: 'Configuration' },
];

function pageOf(route: Route): ComponentChildren {
  switch (route.path[0] ?? '') {
    case '': return <Overview />;
    case 'builds': return route.path.length > 1 ? <BuildPage key={route.path[1]} route={route} /> : <Builds route={route} />;
    case 'queue': return <Queue />;
    case 'stores': return <Stores />;
    case 'lookup': return <LookUp />;
    case 'config': return <Config />;
    case 'actions': return route.path[3] === 'compare' ? <ComparePage route={route} /> : <ActionPage key={route.path.join('/')} route={route} />;
    case 'directories': case 'trees': return <DirectoryPage route={route} />;
    case 'blobs': return <BlobPage route={route} />;
    default: return <><h1>Not here</h1><p class="empty">There is no such page. <a href="#/">Back to the overview</a></p></>;
  }
}

function App() {
  const route = useRoute();
  const main = useRef<HTMLElement>(null);
  const address = location.hash;
  useEffect(() => {
    document.title = `${main.current?.querySelector('h1')?.textContent ?? ''} · RemoteExec`;
    main.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [address]);
  return (
    <>
      <a class="skip" href="#main" onClick={event => { event.preventDefault(); main.current?.focus(); }}>To the content</a>
      <header>
        <strong>RemoteExec</strong>
        <nav aria-label="Pages">
          {pages.map(page => <a key={page.path} href={`#/${page.path}`} aria-current={(route.path[0] ?? '') === page.path ? 'page' : undefined}>{page.title}</a>)}
        </nav>
      </header>
      <main id="main" ref={main} tabIndex={-1}>{pageOf(route)}</main>
    </>
  );
}

render(<App />, document.getElementById('app')!);
