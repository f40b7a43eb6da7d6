import { Comparison, Explanation, ValueChange } from '../api';
import { ago } from '../format';
import { useLoad } from '../load';
import { link } from '../route';
import { scoped } from './digest';

const actionLink = (action: string, query: URLSearchParams): string => {
  const [name, digest] = action.includes(':') ? action.split(':') : ['', action];
  return link(['actions', ...digest!.split('/')], { instance: query.get('instance') ?? undefined, digestFunction: name?.toLowerCase() === 'blake3' ? 'blake3' : undefined });
};

/** Why an action missed; nothing for one that did not. */
export function Why({ digest, query }: { digest: string; query: URLSearchParams }) {
  const loaded = useLoad<Explanation>(`actions/${digest}/explanation?${scoped(query)}`);
  const why = loaded.value;
  if (!why) return loaded.problem && !loaded.isAbsent ? <p class="problem" role="status">{loaded.problem}</p> : null;
  return <section><h2>Why did it miss?</h2><Explained why={why} query={query} /></section>;
}

/** What differs between two actions, the first cause before all. */
export function Explained({ why, query, isOpen }: { why: Explanation; query: URLSearchParams; isOpen?: boolean }) {
  return (
    <>
      <p class="cause">{why.cause.sentence}</p>
      {why.chain.length > 0 && (
        <>
          <p>That reached it through other actions of the build:</p>
          <ol>{why.chain.map(step => <li key={step.action + step.output}><a href={actionLink(step.action, query)}>{step.target || step.mnemonic || 'an action'}</a>, which made <code>{step.output}</code>: {step.sentence}</li>)}</ol>
        </>
      )}
      {why.own && why.own.sentence !== why.cause.sentence && <p class="faint">What differs in the action itself: {why.own.sentence}</p>}
      {why.others.length > 0 && <><p>What differs as well:</p><ul>{why.others.map(other => <li key={other.kind + other.subject}>{other.sentence}</li>)}</ul></>}
      {why.confidence !== 'complete' && <p class="faint">{why.confidence === 'partial' ? 'Not all could be compared: there may be other differences.' : 'There was nothing to compare it with.'}</p>}
      {why.earlier && <p class="faint">Compared with <a href={actionLink(why.earlier.action, query)}>the action before it</a>{why.earlier.at && `, of ${ago(why.earlier.at, Date.now())}`}.</p>}
      {why.difference && <Differences of={why.difference} isOpen={isOpen} />}
    </>
  );
}

function Differences({ of, isOpen }: { of: Comparison; isOpen?: boolean }) {
  const values: [string, ValueChange[]][] = [
    ['environment', of.environment], ['platform', of.platform],
    ['action', [of.workingDirectory, of.timeout, of.salt, of.doNotCache, ...of.others].filter(change => change !== undefined && change !== null)],
    ['argument', of.arguments.map(change => ({ name: change.file ? `${change.file}: ${change.flag ?? ''}` : change.flag ?? `${(change.positionAfter ?? change.positionBefore ?? 0) + 1}`, before: change.before, after: change.after }))],
    ['output', [...of.outputsRemoved.map(path => ({ name: path, before: path })), ...of.outputsAdded.map(path => ({ name: path, after: path }))]],
  ];
  const count = values.reduce((sum, [, changes]) => sum + changes.length, of.inputs.length);
  if (count + of.notCompared.length === 0) return null;
  return (
    <details open={isOpen}>
      <summary>{count === 1 ? 'The difference' : `All ${count} differences`}</summary>
      {of.isArgumentOrder && <p>The arguments are the same, in another order.</p>}
      {values.map(([kind, changes]) => changes.map(change => (
        <div class="difference" key={kind + change.name}>
          <span class="faint">{kind}</span> <code>{change.name}</code>
          {change.before !== undefined && change.before !== null && <pre class="before">{change.before}</pre>}
          {change.after !== undefined && change.after !== null && <pre class="after">{change.after}</pre>}
        </div>
      )))}
      {of.inputs.map(input => (
        <div class="difference" key={input.path}>
          <span class="faint">{input.isTool ? 'tool' : 'input'}, {input.kind}</span> <code>{input.pathBefore ? `${input.pathBefore} → ` : ''}{input.path}</code>
          {input.textDiff && <pre>{input.textDiff.split('\n').map((line, number) => <div key={number} class={line.startsWith('+') ? 'after' : line.startsWith('-') ? 'before' : ''}>{line}</div>)}</pre>}
        </div>
      ))}
      {of.hasMoreInputs && <p class="faint">There are more inputs that differ.</p>}
      {of.notCompared.map(text => <p class="faint" key={text}>{text}</p>)}
    </details>
  );
}
