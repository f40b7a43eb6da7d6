import { useEffect, useState } from 'preact/hooks';
import { Queues, Server, Sharing, Stats, Workers } from '../api';
import { ago, bytes, count, duration, percent, seconds } from '../format';
import { useLoad } from '../load';
import { Bar, Figure } from '../parts/figure';
import { Notice } from '../parts/notice';
import { Plot } from '../parts/plot';
import { asked } from '../parts/rate';
import { Traffic } from '../parts/traffic';
import { link } from '../route';

const every = 2000, kept = 300;
interface Moment { time: number; queued: number; running: number; slots: number }

const lost = (sharing: Sharing | null) => sharing ? sharing.dropped + sharing.missed + sharing.unknown : 0;

/** Whether it is well: what waits, what runs, and who works. */
export function Overview() {
  const server = useLoad<Server>('server', 30000);
  const queues = useLoad<Queues>(server.value?.executes === false ? undefined : 'queue', every);
  const workers = useLoad<Workers>(server.value?.executes === false ? undefined : 'workers', every);
  const stats = useLoad<Stats>('stats?since=7d&by=hour', 10000);
  const [moments, setMoments] = useState<Moment[]>([]);
  const queued = sum(queues.value?.queues, queue => queue.queued), running = sum(queues.value?.queues, queue => queue.running);
  const slots = sum(queues.value?.pools, pool => pool.slots), busy = sum(queues.value?.pools, pool => pool.busySlots);
  useEffect(() => {
    if (queues.value) setMoments(before => [...before, { time: queues.at / 1000, queued, running, slots }].slice(-kept));
  }, [queues.at]);
  const oldest = Math.max(0, ...(queues.value?.queues ?? []).map(queue => duration(queue.oldest)));
  const out = (workers.value?.workers ?? []).filter(worker => worker.draining || worker.quarantinedUntil).length;

  return (
    <>
      <h1>Overview</h1>
      <Notice of={server} />
      {server.value && (
        <p class="faint">RemoteExec {server.value.version}, started {ago(server.value.started, server.at)}{server.value.executes ? '' : ', as a cache alone'}.</p>
      )}
      <h2>Is it worth it?</h2>
      <Notice of={stats} />
      {stats.value && asked(stats.value.total) === 0 && <p class="empty">No build has come here in the last seven days. Build something with the flags that the server printed when it was started.</p>}
      {stats.value && asked(stats.value.total) > 0 && (
        <>
          <div class="figures">
            <Figure name="hit rate, 7 days" value={percent(stats.value.total.hits, asked(stats.value.total))} about={`${count(stats.value.total.hits)} of ${count(asked(stats.value.total))} actions of all builds had their result in the cache.`} />
            <Figure name="time saved" value={seconds(stats.value.total.timeSavedSeconds)} about="How long the commands of the hits ran when their results were made: what has not been spent again." tone="good" />
            <Figure name="actions" value={count(stats.value.total.actions)} about="Actions that clients asked about, or had executed." />
            <Figure name="executed" value={count(stats.value.total.executed)} about="Actions that workers ran with success." />
            <Figure name="failed" value={count(stats.value.total.failed)} about="Actions whose execution ended with another exit code than 0, or without one." />
            <Figure name="downloaded" value={bytes(stats.value.total.bytesSent)} about="Content that clients were sent, uncompressed." />
            <Figure name="uploaded" value={bytes(stats.value.total.bytesReceived)} about="Content that clients sent, uncompressed." />
          </div>
          {stats.value.periods.length > 1 && <Plot
            label="Hit rate by hour, over the last seven days"
            times={stats.value.periods.map(period => Date.parse(period.begin) / 1000)}
            lines={[{ name: 'hit rate', values: stats.value.periods.map(period => asked(period.sums) > 0 ? 100 * period.sums.hits / asked(period.sums) : null), color: '#1f9d55' }]}
            format={value => `${Math.round(value)} %`} />}
          <p><a href={link(['builds'])}>All builds</a></p>
          {stats.value.droppedCalls > 0 && <p class="problem">{count(stats.value.droppedCalls)} calls are in none of these figures, as there were too many at a time.</p>}
        </>
      )}
      {stats.value?.sharing?.problem && <p class="problem">Other servers are not heard of at the moment, because of Redis: {stats.value.sharing.problem}</p>}
      {stats.value && lost(stats.value.sharing) > 0 && (
        <p class="problem">{count(lost(stats.value.sharing))} batches of what servers tell each other of builds were lost: these figures may differ from those of other servers.</p>
      )}
      <Traffic />
      {server.value?.executes && (
        <>
          <h2>Is it healthy?</h2>
          <Notice of={queues} />
          <div class="figures">
            <Figure name="actions wait" value={count(queued)} about="Actions in all queues that no worker has begun." tone={queued > 0 && slots === 0 ? 'bad' : undefined} />
            <Figure name="longest wait" value={oldest > 0 ? seconds(oldest) : '–'} about="How long the action has waited that was queued first." tone={oldest > 60 ? 'bad' : undefined} />
            <Figure name="actions run" value={count(running)} about="Actions that workers run at this moment." />
            <Figure name="slots in use" value={`${count(busy)} / ${count(slots)}`} about="Slots of connected workers; each runs one action at a time." />
            <Figure name="workers" value={count(workers.value?.workers.length ?? 0)} about="Worker processes that are connected." tone={workers.value?.workers.length === 0 ? 'bad' : undefined} />
            <Figure name="out of service" value={count(out)} about="Workers that are drained or in quarantine: they get nothing new." tone={out > 0 ? 'bad' : undefined} />
          </div>
          <h2>Since this page was opened</h2>
          <Plot
            label={`Actions that wait and that run, over time. Now ${queued} wait and ${running} run.`}
            times={moments.map(moment => moment.time)}
            lines={[
              { name: 'wait', values: moments.map(moment => moment.queued), color: '#d98c00' },
              { name: 'run', values: moments.map(moment => moment.running), color: '#2457d6' },
              { name: 'slots', values: moments.map(moment => moment.slots), color: '#8a8f98' },
            ]}
            format={value => count(Math.round(value))} isWhole />
          <h2>Capacity</h2>
          {queues.value?.pools.length === 0 && <p class="empty">No worker is connected. Start one: <code>remoteexec worker --server grpc://HOST:PORT</code></p>}
          {queues.value?.pools.map(pool => (
            <div class="pool" key={JSON.stringify(pool.platform)}>
              <Bar part={pool.busySlots} whole={pool.slots} label="slots in use" />
              <span>{percent(pool.busySlots, pool.slots)} of {count(pool.slots)} slots of {count(pool.workers)} {pool.workers === 1 ? 'worker' : 'workers'}</span>
              <span class="faint">{pool.platform.map(property => `${property.name}=${property.value}`).join(', ') || 'no properties'}</span>
            </div>
          ))}
        </>
      )}
    </>
  );
}

const sum = <T,>(items: T[] | undefined, value: (item: T) => number): number => (items ?? []).reduce((total, item) => total + value(item), 0);
