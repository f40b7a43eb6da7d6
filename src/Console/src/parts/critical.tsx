import { CriticalPath, CriticalStep } from '../api';
import { count, seconds } from '../format';
import { useLoad } from '../load';
import { scopeOf } from '../scope';
import { BlobLink } from './digest';
import { Figure } from './figure';
import { Notice } from './notice';
import { Table } from './table';

/** The chain of actions that a build can't be faster than. */
export function Critical({ id, instance, isOver }: { id: string; instance: string; isOver: boolean }) {
  const load = useLoad<CriticalPath>(`builds/${encodeURIComponent(id)}/critical-path`, isOver ? undefined : 10000);
  const path = load.value;
  return (
    <>
      <h2>Critical path</h2>
      <Notice of={load} />
      {path && path.steps.length > 0 && (
        <div class="figures">
          <Figure name="critical path" value={seconds(path.seconds)} about="How long the commands of these actions run, one after the other, as each takes what the one before it makes. With however many workers, and nothing in the cache, the build takes at least so long." />
          <Figure name="all commands" value={seconds(path.totalSeconds)} about={`How long the commands of all ${count(path.actions)} actions run, one after the other.`} />
          <Figure name="at a time" value={path.seconds > 0 ? (path.totalSeconds / path.seconds).toFixed(1) : '1'} about="How many actions can run at a time, on average. More slots than this don't make the build faster." />
        </div>
      )}
      {path && <Table label="Critical path" rows={path.steps} keyOf={step => step.action.action} empty="Of none of its actions is it known how long it runs: results that workers make say so."
        columns={[
          { title: 'target', cell: step => <span title={step.action.target}>{step.action.target || '–'}</span> },
          { title: 'mnemonic', cell: step => step.action.mnemonic || '–' },
          { title: 'outcome', cell: step => <span class={`outcome ${step.action.outcome}`}>{step.action.outcome}</span> },
          { title: 'ran', about: 'How long its command ran: now, or when the result was made that was found.', isNumber: true, cell: step => seconds(step.seconds) },
          { title: 'on the path', cell: step => <Stretch step={step} whole={path.seconds} /> },
          { title: 'takes', about: 'Of what the one before it makes.', cell: step => <span title={step.input}>{step.input || '–'}</span> },
          { title: 'action', cell: step => step.action.action.includes('/') ? <BlobLink kind="actions" digest={step.action.action} query={scopeOf(instance, step.action)} /> : <code>{step.action.action.slice(0, 12)}</code> },
        ]} />}
      {path && path.withoutInputs > 0 && <p class="faint">What {count(path.withoutInputs)} of {count(path.actions)} actions took is not in the CAS, or not all of it, as where clients run actions themselves: another path may be longer.</p>}
      {path && path.withoutTime > 0 && <p class="faint">How long {count(path.withoutTime)} of {count(path.actions)} actions ran is not known.</p>}
      {path && !path.isComplete && <p class="faint">The build is too large to look at all of it: another path may be longer.</p>}
    </>
  );
}

/** Where an action stands on the path, from its beginning on the left to its end on the right. */
function Stretch({ step, whole }: { step: CriticalStep; whole: number }) {
  const share = (time: number) => whole > 0 ? 100 * time / whole : 0;
  return (
    <div class="bar stretch" role="img" aria-label={`from ${seconds(step.endSeconds - step.seconds)} to ${seconds(step.endSeconds)}`}>
      <div style={{ marginLeft: `${share(step.endSeconds - step.seconds)}%`, width: `${Math.max(0.5, share(step.seconds))}%` }} />
    </div>
  );
}
