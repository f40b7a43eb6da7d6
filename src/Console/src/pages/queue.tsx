import { useState } from 'preact/hooks';
import { change, Operation, Operations, Queues, Worker, Workers } from '../api';
import { ago, bytes, count, duration, platform, seconds, short } from '../format';
import { useLoad } from '../load';
import { Bar } from '../parts/figure';
import { Notice } from '../parts/notice';
import { Table } from '../parts/table';
import { link } from '../route';

const every = 2000;

/** What waits and runs, who works, and how to steer it. */
export function Queue() {
  const queues = useLoad<Queues>('queue', every);
  const workers = useLoad<Workers>('workers', every);
  const operations = useLoad<Operations>('operations?limit=10000', every);
  const [said, setSaid] = useState<{ text: string; isBad: boolean }>();
  const [token, setToken] = useState(sessionStorage.getItem('operator-token') ?? '');

  const steer = async (question: string, path: string, body: unknown, done: (answer: Record<string, number>) => string) => {
    if (!confirm(question)) return;
    try {
      setSaid({ text: done(await change<Record<string, number>>(path, body)), isBad: false });
    } catch (failure) {
      setSaid({ text: (failure as Error).message, isBad: true });
    }
    workers.reload();
    operations.reload();
  };
  const drain = (worker: Worker) => steer(
    worker.draining ? `Give ${worker.name} actions again?` : `Take ${worker.name} out of service? What it runs may end.`,
    'workers:drain', { name: worker.name, undo: worker.draining },
    answer => `${worker.name}: ${worker.draining ? 'in service again' : 'out of service'} (${count(answer['workers'] ?? 0)} connected)`);
  const cancel = (operation: Operation) => steer(
    `Cancel ${operation.target || operation.mnemonic || operation.name}?`, 'operations:cancel', { names: [operation.name] },
    answer => `${count(answer['cancelled'] ?? 0)} cancelled`);

  return (
    <>
      <h1>Queue and workers</h1>
      {said && <p class={said.isBad ? 'problem' : 'done'} role="status">{said.text}</p>}
      <h2>What waits</h2>
      <Notice of={queues} />
      {queues.value && <Table label="Queues" rows={queues.value.queues} keyOf={queue => platform(queue.platform)}
        empty="Nothing waits and nothing runs. Build something with --remote_executor."
        columns={[
          { title: 'platform', cell: queue => platform(queue.platform), order: queue => platform(queue.platform) },
          { title: 'wait', isNumber: true, cell: queue => count(queue.queued), order: queue => queue.queued },
          { title: 'oldest', isNumber: true, cell: queue => queue.oldest ? seconds(duration(queue.oldest)) : '–', order: queue => duration(queue.oldest) },
          { title: 'run', isNumber: true, cell: queue => count(queue.running), order: queue => queue.running },
          { title: 'idle slots', about: 'Slots of workers that could take one of these at once.', isNumber: true, cell: queue => `${count(queue.idleSlots)} / ${count(queue.slots)}`, order: queue => queue.idleSlots },
          { title: 'builds', cell: queue => queue.builds.map(build => `${build.build.slice(0, 8) || 'without a name'} (${build.queued} + ${build.running})`).join(', ') },
        ]} />}
      <h2>Workers</h2>
      <Notice of={workers} />
      {workers.value && <Table label="Workers" rows={workers.value.workers} keyOf={worker => worker.id || worker.name}
        empty={<>No worker is connected. Start one: <code>remoteexec worker --server grpc://HOST:PORT</code></>}
        columns={[
          { title: 'name', cell: worker => worker.name, order: worker => worker.name },
          { title: 'state', cell: worker => worker.draining ? 'drained' : worker.quarantinedUntil ? `in quarantine until ${new Date(worker.quarantinedUntil).toLocaleTimeString()}` : 'in service', order: worker => Number(worker.draining) },
          { title: 'slots', isNumber: true, cell: worker => <><Bar part={worker.busySlots} whole={worker.slots} label="slots in use" /> {worker.busySlots} / {worker.slots}</>, order: worker => worker.busySlots / worker.slots },
          { title: 'cores', about: 'What is set aside for actions, of what there is.', isNumber: true, cell: worker => `${Number(worker.cpuMillisUsed) / 1000} / ${Number(worker.cpuMillis) / 1000}`, order: worker => Number(worker.cpuMillisUsed) },
          { title: 'memory', about: 'What is set aside for actions, of what there is.', isNumber: true, cell: worker => `${bytes(Number(worker.memoryBytesUsed))} / ${bytes(Number(worker.memoryBytes))}`, order: worker => Number(worker.memoryBytesUsed) },
          { title: 'platform', cell: worker => <span title={platform(worker.platform)}>{platform(worker.platform)}</span> },
          { title: 'heard of', isNumber: true, cell: worker => ago(worker.lastSeen, workers.at) },
          { title: '', cell: worker => <button class="small" onClick={() => void drain(worker)}>{worker.draining ? 'undrain' : 'drain'}</button> },
        ]} />}
      <h2>Operations</h2>
      <Notice of={operations} />
      {operations.value && <Table label="Operations" rows={operations.value.operations} keyOf={operation => operation.name} empty="Nothing waits and nothing runs."
        columns={[
          { title: 'stage', cell: operation => operation.stage.toLowerCase(), order: operation => operation.stage },
          { title: 'target', cell: operation => operation.target || '–', order: operation => operation.target },
          { title: 'mnemonic', cell: operation => operation.mnemonic || '–', order: operation => operation.mnemonic },
          { title: 'action', about: 'What it writes can be followed there.', cell: operation => <a href={link(['actions', ...operation.action.split('/')], { instance: instanceOf(operation.name), operation: operation.name })} title={operation.action}><code>{short(operation.action)}</code></a>, find: operation => operation.action },
          { title: 'since', isNumber: true, cell: operation => ago(operation.started ?? operation.queued, operations.at), order: operation => Date.parse(operation.started ?? operation.queued ?? '') },
          { title: 'worker', cell: operation => operation.workers.join(', ') || '–', order: operation => operation.workers.join() },
          { title: 'attempt', isNumber: true, cell: operation => operation.attempts, order: operation => operation.attempts },
          { title: '', cell: operation => <button class="small" onClick={() => void cancel(operation)}>cancel</button> },
        ]} />}
      {operations.value?.more && <p class="faint">There are more than are shown.</p>}
      <h2>To steer from elsewhere</h2>
      <p>Changes are taken from the server’s own machine, and from elsewhere with one of the tokens in its <code>operators.tokenFile</code>, kept until this window is closed:</p>
      <label>token <input type="password" autocomplete="off" value={token} onInput={event => {
        const text = event.currentTarget.value;
        setToken(text);
        sessionStorage.setItem('operator-token', text);
      }} /></label>
    </>
  );
}

/** Names are [instance/]operations/uuid. */
const instanceOf = (name: string): string => name.includes('operations/') ? name.slice(0, Math.max(0, name.lastIndexOf('operations/') - 1)) : '';
