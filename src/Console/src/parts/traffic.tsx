import { useEffect, useRef, useState } from 'preact/hooks';
import { Counters, parseCounters, Rates, ratesOf } from '../counters';
import { bytes, count, seconds } from '../format';
import { Figure } from './figure';
import { Plot } from './plot';

const every = 2000, kept = 300;

/** What goes on at this server: calls, how long they take, and what they carry, live. */
export function Traffic() {
  const [rates, setRates] = useState<Rates[]>([]);
  const [problem, setProblem] = useState<string>();
  const before = useRef<Counters | undefined>(undefined);
  useEffect(() => {
    const over = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    const read = async () => {
      if (!document.hidden) {
        try {
          const answer = await fetch('/metrics', { signal: over.signal });
          if (answer.status === 404) return setProblem('This server counts nothing: set telemetry.metrics: true to see calls and how long they take.');
          const now = parseCounters(await answer.text(), Date.now());
          const rate = before.current && ratesOf(before.current, now);
          before.current = now;
          setProblem(undefined);
          if (rate) setRates(some => [...some, rate].slice(-kept));
        } catch {
          if (over.signal.aborted) return;
          setProblem('The server can’t be reached.');
        }
      }
      timer = setTimeout(() => void read(), every);
    };
    void read();
    return () => {
      over.abort();
      clearTimeout(timer);
    };
  }, []);
  const now = rates.at(-1), latest = rates.findLast(rate => rate.median !== undefined);
  return (
    <>
      <h2>What goes on?</h2>
      {problem && <p class="problem" role="status">{problem}</p>}
      <div class="figures">
        <Figure name="calls a second" value={now ? count(Math.round(now.calls)) : '–'} about="gRPC calls of clients that have ended, at this server, within the last two seconds." />
        <Figure name="median latency" value={latest ? seconds(latest.median!) : '–'} about="Half of the latest calls of the action cache and of the CAS's unary calls took no longer, from their headers to their status. Streams and executions are not in it." />
        <Figure name="99 % within" value={latest ? seconds(latest.slow!) : '–'} about="Of the same calls, 99 of 100 took no longer." />
        <Figure name="errors a second" value={now ? count(Math.round(10 * now.errors) / 10) : '–'} about="Calls that ended with another status than OK and NOT_FOUND." tone={now && now.errors > 0 ? 'bad' : undefined} />
        <Figure name="sent" value={now ? `${bytes(now.sent)}/s` : '–'} about="Content of blobs and results that goes to clients, uncompressed." />
        <Figure name="received" value={now ? `${bytes(now.received)}/s` : '–'} about="Content that comes from clients, uncompressed." />
      </div>
      {latest && <Plot
        label={`Latency since this page was opened. Now the median is ${seconds(latest.median!)}, and 99 % are within ${seconds(latest.slow!)}.`}
        times={rates.map(rate => rate.time)}
        lines={[
          { name: 'median', values: rates.map(rate => rate.median ?? null), color: '#1f9d55' },
          { name: '99 %', values: rates.map(rate => rate.slow ?? null), color: '#d98c00' },
        ]}
        format={seconds} />}
    </>
  );
}
