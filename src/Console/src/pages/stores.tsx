import { ComponentChildren } from 'preact';
import { Reach, Store, Stores as All } from '../api';
import { bytes, count, percent, seconds } from '../format';
import { useLoad } from '../load';
import { Bar } from '../parts/figure';
import { Notice } from '../parts/notice';

const kinds: Record<string, string> = {
  segments: 'On the local disk, in files to which values are only ever appended. What was not used for longest goes first.',
  memory: 'In the memory of this server: gone when it stops.',
  remote: 'Another server.',
  redis: 'In Redis, small values alone, which other servers see at once.',
  s3: 'In a bucket, many values in one object, uploaded behind the writers.',
  fastSlow: 'A fast store before a slow one: what the fast one lacks is looked for in the slow one, and kept.',
  shard: 'Each node owns a share of the digests.',
  mirror: 'Each member keeps everything.',
  fallback: 'The second stands in for the first while that is away.',
  sizeSplit: 'Small values here, large ones there.',
  existenceCache: 'Remembers for a while what is there, and does not ask again.',
  readOnly: 'Can be read, but not written.',
  verify: 'Checks what is read against its digest.',
  retry: 'Tries again what has failed.',
  meter: 'Counts and times what is done with the store within.',
};

/** What keeps the blobs and the results, and how it does. */
export function Stores() {
  const stores = useLoad<All>('stores', 2000);
  const known = new Set<string>();
  return (
    <>
      <h1>Stores</h1>
      <p class="faint">What the services ask, and what that is made of, as boxes within boxes. Counts are since the server was started. They have what clients ask for, and what the server looks at itself, to check results or to copy.</p>
      <Notice of={stores} />
      {stores.value?.roots.map(root => (
        <section key={root.place}>
          <h2>{placeName(root.place)} <code class="faint">{root.place}</code></h2>
          <Box store={root.store} at={stores.at} known={known} />
        </section>
      ))}
      {stores.value && <p class="faint">The same for scripts: <code>/api/v1/stores</code>, and by <code>store</code> in <code>/metrics</code>. How stores are put together is in <code>docs/composition.md</code>, what their disks do in <code>docs/storage.md</code>, and what to do when one is away in <code>docs/reliability.md</code>.</p>}
    </>
  );
}

const placeName = (place: string): string =>
  place === 'cas' ? 'Blobs' : place === 'actionCache' ? 'Results of actions' : place.endsWith('.cas') ? `Blobs of instance ${place.slice('instances.'.length, -'.cas'.length)}` : `Results of instance ${place.slice('instances.'.length, -'.actionCache'.length)}`;

function Box({ store, at, role, state, reach, known }: { store: Store; at: number; role?: string; state?: string | null; reach?: Reach | null; known: Set<string> }) {
  const reads = store.hits + store.misses, checks = store.present + store.absent;
  const isBefore = known.has(store.name) && role !== undefined;
  known.add(store.name);
  return (
    <article class="store" aria-label={`${role ? `${role}: ` : ''}store ${store.name}`}>
      <h3>{role && <span class="faint">{role} </span>}<code>{store.name}</code> <span class="faint" title={kinds[store.kind]}>{store.kind}</span>{state && state !== 'active' && <strong> {state}</strong>}</h3>
      {store.where && <p class="faint"><code>{store.where}</code></p>}
      <Reachable reach={reach} at={at} />
      <Reachable reach={store.reach} at={at} />
      <dl class="facts">
        <Fact name="reads" about="Blobs that were to be read, and of how many the store had them. What nobody has asked for has no rate.">
          {reads === 0 ? 'none yet' : <><Bar part={store.hits} whole={reads} label={`${count(store.hits)} hits of ${count(reads)} reads`} /> {percent(store.hits, reads)} of {count(reads)} hit</>}
        </Fact>
        <Fact name="look-ups" about="Blobs that the store was asked whether it has: clients ask before they upload, so that misses are what is new.">
          {checks === 0 ? 'none yet' : <><Bar part={store.present} whole={checks} label={`${count(store.present)} of ${count(checks)} there`} /> {percent(store.present, checks)} of {count(checks)} there</>}
        </Fact>
        {present(store.sizeBytes) && (
          <Fact name="takes" about="What it takes now, garbage included, of what it may take: its setting, or less while others fill the disk. When it is full, room is made for each new value.">
            {present(store.limitBytes) ? <><Bar part={store.sizeBytes} whole={store.limitBytes} label={`${bytes(store.sizeBytes)} of ${bytes(store.limitBytes)}`} /> {bytes(store.sizeBytes)} of {bytes(store.limitBytes)}</> : bytes(store.sizeBytes)}
          </Fact>
        )}
        {present(store.entries) && <Fact name={store.kind === 'existenceCache' ? 'remembers' : 'has'} about="Blobs that can be read, or digests that are remembered.">{count(store.entries)} {store.kind === 'existenceCache' ? 'digests' : store.entries === 1 ? 'blob' : 'blobs'}</Fact>}
        {present(store.evictedBlobs) && (
          <Fact name="has dropped" about="To make room. What was not used for as long as that which was dropped last is gone: if that is less than your builds are apart, give the store more room.">
            {store.evictedBlobs === 0 && !present(store.evictionAgeSeconds) ? 'nothing yet' : <>{count(store.evictedBlobs)} blobs{present(store.evictionAgeSeconds) && `, the last unused for ${seconds(store.evictionAgeSeconds)}`}</>}
          </Fact>
        )}
        {!!store.keptBytes && <Fact name="keeps" about="What builds under way use is not dropped: this much was kept for them when room was made last.">{bytes(store.keptBytes)} for builds under way</Fact>}
        {store.backlog && (
          <Fact name="to upload" about="What waits on the local disk for the bucket. When it may be no more, writes are refused: see why the bucket does not take it.">
            <Bar part={store.backlog.bytes} whole={store.backlog.limitBytes} label={`${bytes(store.backlog.bytes)} of ${bytes(store.backlog.limitBytes)}`} /> {bytes(store.backlog.bytes)} of {bytes(store.backlog.limitBytes)}, {count(store.backlog.blobs)} blobs
            {present(store.backlog.ageSeconds) && `, the oldest for ${seconds(store.backlog.ageSeconds)}`}
          </Fact>
        )}
        {present(store.pendingCopies) && <Fact name="to copy" about="Values that one of its parts lacks, because it was away or is new, and is given in the background.">{store.pendingCopies === 0 ? 'nothing' : `${count(store.pendingCopies)} values`}</Fact>}
        {present(store.owed) && <Fact name="owes" about="Values that were written while the first store was away, and that it is given when it is back.">{store.owed === 0 ? 'nothing' : `${count(store.owed)} values`}</Fact>}
      </dl>
      {isBefore && store.parts.length > 0
        ? <p class="faint">It stands above with all that is in it.</p>
        : store.parts.length > 0 && <div class="parts">{store.parts.map(part => <Box key={part.role} store={part.store} role={part.role} state={part.state} reach={part.reach} at={at} known={known} />)}</div>}
    </article>
  );
}

const present = (value: number | undefined | null): value is number => value !== undefined && value !== null;

function Fact({ name, about, children }: { name: string; about: string; children: ComponentChildren }) {
  return <div title={about}><dt>{name}<span class="spoken">: {about}</span></dt><dd>{children}</dd></div>;
}

function Reachable({ reach, at }: { reach: Reach | null | undefined; at: number }) {
  if (!reach) return null;
  return <p class={reach.isInReach ? 'reach' : 'reach bad'} title="As the last calls to it showed.">{reach.isInReach ? 'within reach' : 'out of reach'} for {seconds(Math.max(0, (at - Date.parse(reach.since)) / 1000))}{reach.problem && `: ${reach.problem}`}</p>;
}
