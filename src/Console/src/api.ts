// What the server answers, by the names that pages use; the types are those of its description. Durations of the operator's API are strings such as "1.500s", as protocol buffers write them in JSON.

export type {
  ActionView as Action,
  BuildSummary as Build,
  ActionSummary as BuildAction,
  BuildCauses,
  BuildDetails,
  BuildReport,
  ActionComparison as Comparison,
  CriticalPath,
  CriticalStep,
  DirectoryView as Directory,
  ExecutionContent as Execution,
  Explanation,
  FailedAction,
  SumsByName as NamedSums,
  OperationInfo as Operation,
  ListOperationsResponse as Operations,
  ListQueuesResponse as Queues,
  ReachView as Reach,
  ServerView as Server,
  SharingStatus as Sharing,
  BuildStats as Stats,
  StoreView as Store,
  StoresView as Stores,
  ActionSums as Sums,
  TargetReport as Target,
  TestReport as Test,
  ValueChange,
  WorkerInfo as Worker,
  ListWorkersResponse as Workers,
} from './schema';

/** How many there are of something that ended in one way. */
export interface StatusCount { status: string; count: number }

/** A part of a list, and where it goes on. */
export interface Page<T> { items: T[]; next: string | null }

export class Refusal extends Error {
  constructor(readonly status: number, message: string) { super(message); }
}

async function answerOf<T>(response: Response): Promise<T> {
  if (response.ok) return await response.json() as T;
  const text = await response.text();
  let message = text;
  try {
    const problem = JSON.parse(text) as { detail?: string; message?: string };
    message = problem.detail ?? problem.message ?? text;
  } catch { /* plain text */ }
  throw new Refusal(response.status, message || `the server answered ${response.status}`);
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return answerOf<T>(await fetch(`/api/v1/${path}`, { signal: signal ?? null }));
}

export async function change<T>(path: string, body: unknown): Promise<T> {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  const token = sessionStorage.getItem('operator-token');
  if (token) headers['authorization'] = `Bearer ${token}`;
  return answerOf<T>(await fetch(`/api/v1/${path}`, { method: 'POST', headers, body: JSON.stringify(body) }));
}
