/** What a server has counted since it was started, out of what it tells Prometheus. */
export interface Counters { at: number; calls: number; errors: number; sent: number; received: number; quick: Map<number, number> }

/** What went on between two readings; a latency is undefined if there was no call to tell of. */
export interface Rates { time: number; calls: number; errors: number; sent: number; received: number; median?: number; slow?: number }

const sample = /^(rpc_server_call_duration_seconds_(?:count|bucket)|remoteexec_cache_io_bytes_total)\{(.*)\} (\S+)$/;
const quickServices = ['build.bazel.remote.execution.v2.ActionCache/', 'build.bazel.remote.execution.v2.ContentAddressableStorage/']; // others wait for workers, or for as much as they carry

export function parseCounters(text: string, at: number): Counters {
  const counters: Counters = { at, calls: 0, errors: 0, sent: 0, received: 0, quick: new Map() };
  for (const line of text.split('\n')) {
    const [, name, labels, written] = sample.exec(line) ?? [];
    if (!name) continue;
    const label = (wanted: string) => new RegExp(`(?:^|,)${wanted}="([^"]*)"`).exec(labels!)?.[1] ?? '';
    const value = Number(written);
    if (name === 'remoteexec_cache_io_bytes_total') counters[label('direction') === 'read' ? 'sent' : 'received'] += value;
    else if (name.endsWith('_bucket')) {
      if (!quickServices.some(service => label('rpc_method').startsWith(service))) continue;
      const bound = label('le') === '+Inf' ? Infinity : Number(label('le'));
      counters.quick.set(bound, (counters.quick.get(bound) ?? 0) + value);
    } else if (!label('rpc_method').startsWith('remoteexec.')) { // workers ask for work all the time, and operators look
      counters.calls += value;
      if (!['OK', 'NOT_FOUND'].includes(label('rpc_response_status_code'))) counters.errors += value;
    }
  }
  return counters;
}

/** The rates; undefined if the server was started again in between. */
export function ratesOf(before: Counters, now: Counters): Rates | undefined {
  const seconds = (now.at - before.at) / 1000;
  if (seconds <= 0 || now.calls < before.calls || now.sent < before.sent || now.received < before.received) return undefined;
  const took = [...now.quick].map(([bound, value]) => [bound, value - (before.quick.get(bound) ?? 0)] as const).sort((one, other) => one[0] - other[0]);
  return {
    time: now.at / 1000, calls: (now.calls - before.calls) / seconds, errors: (now.errors - before.errors) / seconds, sent: (now.sent - before.sent) / seconds,
    received: (now.received - before.received) / seconds, median: quantile(took, 0.5), slow: quantile(took, 0.99),
  };
}

// As Prometheus does it: within a bucket all values are as likely.
function quantile(buckets: (readonly [number, number])[], part: number): number | undefined {
  const all = buckets.at(-1)?.[1] ?? 0, wanted = all * part;
  let lower = 0, below = 0;
  if (all <= 0) return undefined;
  for (const [bound, value] of buckets) {
    if (value >= wanted && value > below) return bound === Infinity ? lower : lower + (bound - lower) * (wanted - below) / (value - below);
    [lower, below] = [bound, value];
  }
  return lower;
}
