// Made by ./dev docs out of docs/openapi.json. Don't edit.

/** In what two actions differ, part by part. Whatever is empty or null is the same in both, or could not be compared: `NotCompared` says what. */
export interface ActionComparison {
  /** The arguments; those that only moved are not among them if `IsArgumentOrder`. */
  arguments: ArgumentChange[];
  /** True if the arguments are the same, in another order. */
  isArgumentOrder: boolean;
  /** The environment's variables. */
  environment: ValueChange[];
  /** The platform's properties; several values of one are joined. */
  platform: ValueChange[];
  /** Where the command runs. */
  workingDirectory?: ValueChange;
  /** Declared outputs that only the later action has. */
  outputsAdded: string[];
  /** Declared outputs that only the earlier action has. */
  outputsRemoved: string[];
  /** The timeout. */
  timeout?: ValueChange;
  /** The salt, in hexadecimal. */
  salt?: ValueChange;
  /** Whether the result may be cached. */
  doNotCache?: ValueChange;
  /** What else the messages say: how outputs are to be described. */
  others: ValueChange[];
  /** The files, directories and symlinks below the input roots. */
  inputs: InputChange[];
  /** True if the input roots have the same digest: then all inputs are the same. */
  isSameInputRoot: boolean;
  /** True if there are more changed inputs than `Inputs` lists. */
  hasMoreInputs: boolean;
  /** What could not be compared, and why, in sentences. */
  notCompared: string[];
}

/** An action. */
export interface ActionContent {
  /** The digest of its command. */
  commandDigest: string;
  /** The digest of its input root, a directory. */
  inputRootDigest: string;
  /** How long it may run; null if it says nothing of it. */
  timeoutSeconds: number | null;
  /** True if its result is not to be cached. */
  doNotCache: boolean;
  /** Its salt as hexadecimal digits; null if it has none. */
  salt: string | null;
  /** What it asks for. */
  platform: NameValue[];
}

/** An action in a build. */
export interface ActionSummary {
  /** Its digest, `hash/size`; the hash alone if its size is not known here. */
  action: string;
  /** The digest function: `SHA256`. */
  digestFunction: string;
  /** What came of it. */
  outcome: 'hit' | 'miss' | 'stored' | 'executed' | 'merged' | 'failed';
  /** What kind of action it is: `CppCompile`. Empty if the client does not say, as with the target and the configuration. */
  mnemonic: string;
  /** The target that it is for. */
  target: string;
  /** The configuration of the target. */
  configuration: string;
  /** When its build was first heard of it. */
  firstSeen: string;
  /** When its build was last heard of it. */
  lastSeen: string;
  /** The worker that ran it, now or when the result was made that was found; empty if that is not known. */
  worker: string;
  /** How its execution ended, in a word: `ok`, `nonzero_exit`, `timeout`, …; empty if it was not executed. */
  ending: string;
  /** The exit code of its execution. */
  exitCode: number;
  /** How long it waited for a worker; null if that is not known, as with the times below. */
  queueSeconds: number | null;
  /** How long inputs were fetched. */
  fetchSeconds: number | null;
  /** How long its command ran: now, or when the result was made that was found. */
  runSeconds: number | null;
  /** How long outputs were uploaded. */
  uploadSeconds: number | null;
  /** Bytes of content that its client was sent for it. */
  bytesSent: number;
  /** Bytes of content that its client sent for it. */
  bytesReceived: number;
}

/** Some of a list. */
export interface ActionSummaryPage {
  /** What there is. */
  items: ActionSummary[];
  /** The cursor for what follows; null if this is the end. */
  next: string | null;
}

/** What some actions come to together: those of a build, of a target, of an hour. Every action counts once for each build, by what came of it all in all. */
export interface ActionSums {
  /** All of them: hits and misses. */
  actions: number;
  /** Those whose result was in the cache. */
  hits: number;
  /** All others. */
  misses: number;
  /** Misses that a worker ran with success. */
  executed: number;
  /** Misses that a worker ran with success for another build at the same time. */
  merged: number;
  /** Misses whose execution by a worker ended with another exit code than 0, or without one. */
  failed: number;
  /** Misses that the client ran itself, storing the result. */
  stored: number;
  /** Bytes of content that the client was sent, uncompressed. */
  bytesSent: number;
  /** Bytes of content that the client sent, uncompressed. */
  bytesReceived: number;
  /** How long the commands of the hits ran when their results were made: what has not been spent again. */
  timeSavedSeconds: number;
  /** Hits whose result does not say how long its command ran: nothing of them is in `TimeSavedSeconds`. */
  hitsWithoutTime: number;
  /** How long actions that were executed waited for a worker. */
  queueSeconds: number;
  /** How long workers fetched inputs for them. */
  fetchSeconds: number;
  /** How long their commands ran. */
  runSeconds: number;
  /** How long workers uploaded their outputs. */
  uploadSeconds: number;
}

/** What is known of an action: each part is null if the cache does not have it, as clients that only cache upload neither action nor command. */
export interface ActionView {
  /** The action's digest, `hash/size`. */
  digest: string;
  /** The action. */
  action: ActionContent | null;
  /** Its command. */
  command: CommandContent | null;
  /** Its cached result. */
  result: ResultContent | null;
}

/** Why a request could not be answered, as `application/problem+json` (RFC 9457). */
export interface ApiProblem {
  /** What kind of problem it is. */
  title: string;
  /** The status code of HTTP. */
  status: number;
  /** What happened, which value was bad, and what to do. */
  detail: string;
}

/** An argument that two commands do not share. Positions count from 0, which is the program. */
export interface ArgumentChange {
  /** Where it stood before; null if it is new. */
  positionBefore?: number;
  /** Where it stands now; null if it is gone. */
  positionAfter?: number;
  /** What it was; null if it is new. */
  before?: string;
  /** What it is; null if it is gone. */
  after?: string;
  /** The flag that it is or whose value it is, without the value: `--copt`; null if it is none. */
  flag?: string;
  /** The response file it stands in, a path below the input root; null if it is an argument of the command itself. Positions are lines then. */
  file?: string;
}

/** What waits on the local disk to be uploaded to a bucket. */
export interface BacklogView {
  /** How many blobs. */
  blobs: number;
  /** How many bytes, with what is being written. */
  bytes: number;
  /** How many bytes may wait; then writes are refused. */
  limitBytes: number;
  /** How long that has waited that has waited for longest; null if nothing waits. */
  ageSeconds: number | null;
}

/** Why a build missed what it missed. */
export interface BuildCauses {
  /** The build, as its client calls it. */
  build: string;
  /** How many actions missed. */
  misses: number;
  /** How long their commands ran in all, in seconds. */
  seconds: number;
  /** The causes, by how many actions they are to blame for. */
  causes: RankedCause[];
}

/** A build, and what its actions came to by kind and by target. */
export interface BuildDetails {
  /** The build. */
  build: BuildSummary;
  /** By mnemonic, those with most misses first. */
  mnemonics: SumsByName[];
  /** By target, those with most misses first; at most 1,000. */
  targets: SumsByName[];
  /** How many targets there are. */
  targetCount: number;
  /** How many targets there are of which something came, as the client tells in its events; empty if it sends none. */
  targetStatuses: TargetStatusStatusCount[];
  /** The same of tests. */
  testStatuses: TestStatusStatusCount[];
  /** Actions that failed, as the client tells in its events; at most 100. */
  failedActions: FailedAction[];
}

export interface BuildInfo {
  tenant: string;
  /** The tool_invocation_id of its calls, or what stands for it. */
  build: string;
  buildClass: string;
  queued: number;
  running: number;
}

/** What the client says of a build itself, in its events. Texts are empty, and other things null, where it does not say. */
export interface BuildReport {
  /** How the build is. */
  status: 'running' | 'succeeded' | 'failed' | 'interrupted' | 'expired';
  /** The client's exit code; null until it has ended. */
  exitCode: number | null;
  /** The exit code's name: `SUCCESS`, `TESTS_FAILED`. */
  exitName: string;
  /** The command: `build`, `test`. */
  command: string;
  /** What was to be built. */
  patterns: string[];
  /** Who builds. */
  user: string;
  /** On which machine. */
  host: string;
  /** In which directory there. */
  workspace: string;
  /** Words that the client has for it. */
  keywords: string[];
  /** When it began, by the client's clock. */
  started: string | null;
  /** When it ended, by the client's clock. */
  finished: string | null;
  /** How long it took; by its begin and its end, if the client does not say more. */
  wallSeconds: number | null;
  /** How long the longest chain of actions took that had to wait for each other. */
  criticalPathSeconds: number | null;
  /** The first thing that went wrong and is no target's: a pattern that fits nothing, a package that can't be read. */
  problem: string;
  /** How many targets could not be built. */
  failedTargets: number;
  /** How many tests did not pass. */
  failedTests: number;
  /** How many of its targets are known. */
  targets: number;
  /** How many of its tests are known. */
  tests: number;
  /** How many actions have failed. */
  failedActions: number;
  /** True if it had so many targets, tests or failed actions that not all of them were kept. */
  hasMore: boolean;
}

/** What all actions came to over some time. */
export interface BuildStats {
  /** From when on. */
  since: string;
  /** What they came to together. */
  total: ActionSums;
  /** What they came to by hour or by day of UTC, the earliest first; those without any are left out. */
  periods: PeriodSums[];
  /** How many calls are in none of it, because there were too many at a time, since the server was started. */
  droppedCalls: number;
  /** How many actions were not looked at to explain misses, because too many waited, since the server was started. */
  droppedSightings: number;
  /** How sharing with other servers goes; null if nothing is shared, and all of it is of this server alone. */
  sharing: SharingStatus | null;
}

/** A build, as far as its calls tell. */
export interface BuildSummary {
  /** Its id: the same on every server. */
  id: string;
  /** What it calls itself: its `tool_invocation_id`. Empty for the calls of a tool within an hour that name no build. */
  invocation: string;
  /** The instance that it uses. */
  instance: string;
  /** The tool that makes its calls: `bazel`, `ccache`; `unknown` if it does not say. */
  tool: string;
  /** The tool's version; empty if it does not say. */
  toolVersion: string;
  /** What it says it belongs to, its `correlated_invocations_id`: a commit, a run of CI. Empty if it does not say. */
  correlated: string;
  /** When its first call came. */
  began: string;
  /** When its last call came. What a client does before the first call and after the last one nobody knows here. */
  lastSeen: string;
  /** From the first call to the last one. */
  durationSeconds: number;
  /** True once its client has said that it ended, or it has been silent for as long as a build may be (`builds.quietTime`). */
  isOver: boolean;
  /** How many calls it has made, other than those that tell of progress. */
  calls: number;
  /** How many blobs it has asked about, whether they are missing. */
  blobsAsked: number;
  /** What its actions came to. */
  sums: ActionSums;
  /** What its client says of it in events of its own; null if it sends none. */
  report: BuildReport | null;
}

/** Some of a list. */
export interface BuildSummaryPage {
  /** What there is. */
  items: BuildSummary[];
  /** The cursor for what follows; null if this is the end. */
  next: string | null;
}

export interface CancelOperationsRequest {
  /** Operations by name. */
  names?: string[];
  /** All of this build (its tool_invocation_id) that are not done. What it starts within the next hour is refused with PERMISSION_DENIED, because clients start anew what was cancelled. */
  invocation?: string;
}

export interface CancelOperationsResponse {
  /** How many were not done. */
  cancelled: number;
}

/** One reason why an action is not the one that was executed before. */
export interface Cause {
  /** What differs. */
  kind: 'firstSeen' | 'resultGone' | 'notReproducible' | 'notUploaded' | 'notComparable' | 'toolchain' | 'platform' | 'environment' | 'argument' | 'argumentOrder' | 'workingDirectory' | 'configuration' | 'inputChanged' | 'inputAdded' | 'inputRemoved' | 'inputRenamed' | 'inputMetadata' | 'symlink' | 'inputs' | 'outputs' | 'timeout' | 'salt' | 'caching' | 'encoding';
  /** Which one: the name of a variable, a flag or a property, the path of an input; empty where there is only one. Causes with the same kind and subject count as one. */
  subject: string;
  /** The same for people. */
  sentence: string;
  /** The path of the input that it is about, below the input root; null if it is about none. */
  inputPath?: string;
}

/** An action on the way from a root cause to what missed for it. */
export interface CauseStep {
  /** The action, `function:hash/size`. */
  action: string;
  /** Its target; empty if it is not known. */
  target: string;
  /** What kind of action it is; empty if it is not known. */
  mnemonic: string;
  /** What it made, which differs. */
  output: string;
  /** Why it ran itself. */
  sentence: string;
}

/** A command. */
export interface CommandContent {
  /** The program and its arguments. */
  arguments: string[];
  /** Its variables. */
  environment: NameValue[];
  /** Relative to the input root; empty for the root itself. */
  workingDirectory: string;
  /** What it declares to make. */
  outputPaths: string[];
  /** What it asks for, as older clients say it here. */
  platform: NameValue[];
}

/** The critical path of a build: of all chains of actions, each of which takes as an input what the one before it makes, that whose commands run longest. With however many workers, and nothing in the cache, the build takes at least so long. */
export interface CriticalPath {
  /** The id of the build. */
  build: string;
  /** How long the commands of the path run, in seconds. */
  seconds: number;
  /** How long the commands of all actions run, one after the other. */
  totalSeconds: number;
  /** The actions of the path, in the order in which they run; empty if nothing is known of any. */
  steps: CriticalStep[];
  /** How many actions were looked at. */
  actions: number;
  /** Of how many actions it is not known what they take, since the CAS does not have their inputs: as it is where clients run actions themselves. */
  withoutInputs: number;
  /** Of how many actions it is not known how long they run. */
  withoutTime: number;
  /** False if there are too many actions, or inputs, to look at all: then another path may be longer. */
  isComplete: boolean;
}

/** An action of a critical path. */
export interface CriticalStep {
  /** The action. */
  action: ActionSummary;
  /** How long its command runs: now, or when the result was made that was found. */
  seconds: number;
  /** How long the path takes to its end. */
  endSeconds: number;
  /** Of what the one before it makes, a path that it takes, as it stands among its inputs; empty for the first. */
  input: string;
}

/** A directory in a directory. */
export interface DirectoryEntry {
  name: string;
  digest: string;
}

/** What is in a directory. */
export interface DirectoryView {
  /** Its digest, `hash/size`; null inside of a Tree. */
  digest: string | null;
  /** Its files. */
  files: FileEntry[];
  /** The directories in it. */
  directories: DirectoryEntry[];
  /** Its symlinks. */
  symlinks: SymlinkEntry[];
}

export interface DrainWorkersRequest {
  /** A name; a * at the end stands for anything. */
  name?: string;
  /** True to take back what was drained by this name. */
  undo?: boolean;
  /** What runs after so long is handed back to the queue; absent: it may end. */
  grace?: string;
}

export interface DrainWorkersResponse {
  /** How many connected workers the name means. */
  workers: number;
}

/** The action that another is compared with. */
export interface EarlierAction {
  /** Its digest, `function:hash/size`. */
  action: string;
  /** The build that asked for it last; empty if it is not known. */
  build: string;
  /** When it did; null if that is not known. */
  at?: string;
}

/** How an action was executed; a time is null if it was not told. */
export interface ExecutionContent {
  worker: string;
  queued: string | null;
  workerStart: string | null;
  inputFetchStart: string | null;
  inputFetchCompleted: string | null;
  executionStart: string | null;
  executionCompleted: string | null;
  outputUploadStart: string | null;
  outputUploadCompleted: string | null;
  workerCompleted: string | null;
}

/** Why an action missed. */
export interface Explanation {
  /** The action, `function:hash/size`. */
  action: string;
  /** The instance it belongs to. */
  instance: string;
  /** The build that asked for it, as its client calls it; empty if it said nothing. */
  build: string;
  /** The target; empty if the client said nothing. */
  target: string;
  /** What kind of action it is in the build tool's words; empty if the client said nothing. */
  mnemonic: string;
  /** Its first output; null if it is not known. */
  output?: string;
  /** When it was asked for. */
  at: string;
  /** How long its command ran, in seconds; 0 if that is not known. */
  seconds: number;
  /** The first cause, or the root of it where an earlier action of the build is to blame. */
  cause: Cause;
  /** What differs in this very action, where `Cause` is that of an earlier one; else null. */
  own?: Cause;
  /** How the cause came to this action, from the root on; empty if it is this action's own. */
  chain: CauseStep[];
  /** What else differs, in order of precedence; without those that follow from the first. */
  others: Cause[];
  /** How much of the two actions could be compared. */
  confidence: 'complete' | 'partial' | 'none';
  /** The earlier action it was compared with; null if there is none. */
  earlier?: EarlierAction;
  /** In what it differs from that; null if there is none. */
  difference?: ActionComparison;
}

/** An action that failed, as the client tells it. */
export interface FailedAction {
  /** The target that it is for. */
  target: string;
  /** What kind of action it is. */
  mnemonic: string;
  /** The exit code. */
  exitCode: number;
  /** What it was to make first of all. */
  output: string;
  /** Where its standard output can be read, as the client has it: `bytestream://…/blobs/hash/size` once it is uploaded. Empty if the client does not say. */
  stdout: string;
  /** The same for its standard error. */
  stderr: string;
}

/** A file of a directory. */
export interface FileEntry {
  name: string;
  digest: string;
  isExecutable: boolean;
}

/** An input in which two actions differ. */
export interface InputChange {
  /** Its path below the input root; for a directory without children, with a slash at its end. */
  path: string;
  /** How it differs. */
  kind: 'content' | 'added' | 'removed' | 'renamed' | 'executable' | 'symlinkTarget' | 'nodeType' | 'nodeProperties';
  /** What it was: a file's digest, a symlink's target, or the kind of node; null if it was not there. */
  before?: string;
  /** What it is; null if it is not there. */
  after?: string;
  /** The path it had before, if it was renamed. */
  pathBefore?: string;
  /** The lines in which a small file of text differs, as `diff -u` prints them; null where it is not small or no text, or was not looked at. */
  textDiff?: string;
  /** True if the client says that it is a tool of the action. */
  isTool: boolean;
}

export interface ListOperationsResponse {
  /** Those that run come first; of those that are done, the newest. */
  operations: OperationInfo[];
  /** True if there are more than the limit. */
  more: boolean;
}

export interface ListQueuesResponse {
  /** One for each platform that something waits for or runs on, as actions ask for it. */
  queues: QueueInfo[];
  /** One for each platform that connected workers offer. */
  pools: PoolInfo[];
}

export interface ListWorkersResponse {
  workers: WorkerInfo[];
  /** Names that are drained, as they were given: they hold for workers that connect later, too. */
  drained: string[];
}

/** A name and its value. */
export interface NameValue {
  name: string;
  value: string;
}

export interface OperationInfo {
  name: string;
  /** hash/size */
  action: string;
  stage: 'UNKNOWN' | 'CACHE_CHECK' | 'QUEUED' | 'EXECUTING' | 'COMPLETED';
  invocation: string;
  target: string;
  mnemonic: string;
  priority: number;
  queued?: string;
  started?: string;
  workers: string[];
  attempts: number;
  platform: Property[];
  /** What is set aside for it on its worker; 0 where nothing is. */
  cpuMillis: string;
  memoryBytes: string;
  /** How it ended, in a word (ok, cached, nonzero_exit, cancelled, …); empty if it has not. */
  outcome: string;
  /** What there is to say about that. */
  message: string;
  /** The report of its audit (remoteexec.audit.v1.AuditReport), function:hash/size in the operation's instance; of the run that made the result, where that comes from the cache. Empty if there is none. */
  audit: string;
}

/** An output directory. */
export interface OutputDirectoryContent {
  path: string;
  treeDigest: string;
}

/** An output file. */
export interface OutputFileContent {
  path: string;
  digest: string;
  isExecutable: boolean;
}

/** An output symlink. */
export interface OutputSymlinkContent {
  path: string;
  target: string;
}

/** What all actions came to within an hour or a day. An action counts where it was last heard of. */
export interface PeriodSums {
  /** When it began. */
  begin: string;
  /** What they came to. */
  sums: ActionSums;
}

export interface PoolInfo {
  platform: Property[];
  /** Workers in service, and their slots. */
  workers: number;
  slots: number;
  /** Slots that run something, and those that would take something now. */
  busySlots: number;
  idleSlots: number;
  /** Further workers, that are drained or quarantined. */
  outOfService: number;
}

export interface Property {
  name: string;
  value: string;
}

export interface QueueInfo {
  platform: Property[];
  queued: number;
  running: number;
  /** How long the one that was queued first has waited; absent if nothing waits. */
  oldest?: string;
  /** Connected workers that could run it, and their slots; those that are drained do not count. */
  workers: number;
  slots: number;
  idleSlots: number;
  /** Those with most in the queue. */
  builds: BuildInfo[];
  /** How many more there are. */
  otherBuilds: number;
}

/** A cause, and what it cost a build. */
export interface RankedCause {
  /** What differs. */
  kind: 'firstSeen' | 'resultGone' | 'notReproducible' | 'notUploaded' | 'notComparable' | 'toolchain' | 'platform' | 'environment' | 'argument' | 'argumentOrder' | 'workingDirectory' | 'configuration' | 'inputChanged' | 'inputAdded' | 'inputRemoved' | 'inputRenamed' | 'inputMetadata' | 'symlink' | 'inputs' | 'outputs' | 'timeout' | 'salt' | 'caching' | 'encoding';
  /** Which one. */
  subject: string;
  /** What happened to the first action that missed for it. */
  sentence: string;
  /** How many actions missed for it. */
  actions: number;
  /** Their share of all that missed, from 0 to 1. */
  share: number;
  /** How long their commands ran, in seconds. */
  seconds: number;
  /** One of the actions, `function:hash/size`. */
  example: string;
}

/** Whether something can be reached. */
export interface ReachView {
  /** False if the last attempt failed. */
  isInReach: boolean;
  /** When that became so. */
  since: string;
  /** What is wrong, if that is known. */
  problem: string | null;
}

/** A cached result. */
export interface ResultContent {
  /** The exit code of the command. */
  exitCode: number;
  /** Its output files. */
  files: OutputFileContent[];
  /** Its output directories, each a Tree. */
  directories: OutputDirectoryContent[];
  /** Its output symlinks. */
  symlinks: OutputSymlinkContent[];
  /** Its standard output; null if that is empty, or stands in `Stdout`. */
  stdoutDigest: string | null;
  /** Its standard error, the same way. */
  stderrDigest: string | null;
  /** Its standard output, if the result has it inside. */
  stdout: string | null;
  /** Its standard error, if the result has it inside. */
  stderr: string | null;
  /** How it was executed; null if the client did not tell. */
  execution: ExecutionContent | null;
}

export interface Scaling {
  queued: number;
  oldestWaitSeconds: number;
  running: number;
  /** Those that are neither drained nor quarantined, and their slots. */
  workers: number;
  slots: number;
  idleSlots: number;
  /** Slots that what waits and what runs could keep busy. */
  wantedSlots: number;
  /** Workers that have so many slots. */
  desiredWorkers: number;
}

/** What a server is, and how it was told to be. */
export interface ServerView {
  /** Its version. */
  version: string;
  /** When it was started. */
  started: string;
  /** True if it executes actions. */
  executes: boolean;
  /** Every setting that is not as it is by default; what may be secret is hidden. */
  settings: SettingView[];
}

/** A setting. */
export interface SettingView {
  /** Where it stands in the configuration, such as `cas.maxBlobBytes`. */
  key: string;
  /** What it is, as it would be written. */
  value: string;
}

/** How sharing goes, with the servers that have the same Redis. */
export interface SharingStatus {
  /** What is wrong with Redis; null if nothing is. */
  problem: string | null;
  /** When others were last asked what they have told; null if that never went well since the server was started. */
  lastHeard: string | null;
  /** Batches that wait for Redis. */
  waiting: number;
  /** Batches of this server that others will not see, since it was started: too many waited for Redis. */
  dropped: number;
  /** Batches of others that were gone before this server read them, since it was started: it, or Redis, was away for too long. */
  missed: number;
  /** Batches of others, or parts of them, that were passed over since the server was started, as another version has written them. */
  unknown: number;
}

export interface Status {
  code: number;
  message: string;
  details: object[];
}

/** A store that is part of another. */
export interface StorePart {
  /** What it is there: `fast`, `slow`, a node's name. */
  role: string;
  /** Of a node of a shard, whether it is `active`, `joining` or `draining`. */
  state: string | null;
  /** Whether it can be reached, if that is watched. */
  reach: ReachView | null;
  /** The store. */
  store: StoreView;
}

/** A store that services ask. */
export interface StoreRoot {
  /** Where it stands in the configuration: `cas`, `actionCache`, `instances.NAME.cas`, `instances.NAME.actionCache`. */
  place: string;
  /** The store. */
  store: StoreView;
}

/** A store, with what it is made of. What a kind of store does not have, or does not know, is null; counts are since the server was started. */
export interface StoreView {
  /** Its name, or its place in the configuration if it has none. */
  name: string;
  /** Its kind, as in the configuration. */
  kind: string;
  /** Where it keeps things: a directory, a bucket, a server. */
  where: string | null;
  /** Blobs that were to be read and were there. */
  hits: number;
  /** Blobs that were to be read and were not there. */
  misses: number;
  /** Blobs that it was asked whether it has, and had. */
  present: number;
  /** Blobs that it was asked whether it has, and had not. */
  absent: number;
  /** What it takes, in bytes; of a store on disk with what is garbage. */
  sizeBytes: number | null;
  /** What it may take now: its setting, or less while others fill the disk. */
  limitBytes: number | null;
  /** Blobs that it has, or digests that it remembers. */
  entries: number | null;
  /** Blobs that it has dropped to make room. */
  evictedBlobs: number | null;
  /** How long that was not used that was dropped last: what is older is gone. Null before the first. */
  evictionAgeSeconds: number | null;
  /** What was kept for builds under way when room was made last. */
  keptBytes: number | null;
  /** Values that one of its parts lacks and is going to be given. */
  pendingCopies: number | null;
  /** Values that were written while the first store was away, and that it has yet to be given. */
  owed: number | null;
  /** What waits to be uploaded. */
  backlog: BacklogView | null;
  /** Whether what is behind it can be reached, if it knows. */
  reach: ReachView | null;
  /** The stores that it is made of. */
  parts: StorePart[];
}

/** The stores of a server, as they are now. */
export interface StoresView {
  /** When that was. */
  at: string;
  /** What is asked first: the store of the CAS, that of the action cache, and those of instances. */
  roots: StoreRoot[];
}

/** What the actions of one mnemonic, or of one target, came to. */
export interface SumsByName {
  /** The mnemonic or the target; empty for actions of which the client does not say it. */
  name: string;
  /** What they came to. */
  sums: ActionSums;
}

/** A symlink of a directory. */
export interface SymlinkEntry {
  name: string;
  target: string;
}

/** A target, as the client tells of it. */
export interface TargetReport {
  /** Its label. */
  label: string;
  /** What it is: `cc_library rule`. Empty if the client does not say. */
  kind: string;
  /** What came of it. */
  status: 'pending' | 'ok' | 'skipped' | 'incomplete' | 'failed';
  /** What went wrong, if it was not an action of it; empty otherwise. */
  problem: string;
}

/** Some of a list. */
export interface TargetReportPage {
  /** What there is. */
  items: TargetReport[];
  /** The cursor for what follows; null if this is the end. */
  next: string | null;
}

/** Of how many targets or tests something came. */
export interface TargetStatusStatusCount {
  /** What came of them. */
  status: 'pending' | 'ok' | 'skipped' | 'incomplete' | 'failed';
  /** How many they are. */
  count: number;
}

/** A test, as the client tells of it. */
export interface TestReport {
  /** Its label. */
  label: string;
  /** What came of it. */
  status: 'noStatus' | 'passed' | 'flaky' | 'timeout' | 'failed' | 'incomplete' | 'remoteFailure' | 'failedToBuild' | 'toolHaltedBeforeTesting';
  /** How often it was to be run. */
  runs: number;
  /** Into how many parts each run was divided; 0 or 1 if it was not. */
  shards: number;
  /** How often a part was tried, at most. */
  attempts: number;
  /** How many results of parts there are. */
  results: number;
  /** How many of them the client had from before. */
  cachedLocally: number;
  /** How many of them were found in a remote cache. */
  cachedRemotely: number;
  /** How long all of them took, now or when the results were made that were found. */
  seconds: number;
  /** Where its log can be read, as the client has it; that of a part that failed, if one did. Empty if the client does not say. */
  log: string;
}

/** Some of a list. */
export interface TestReportPage {
  /** What there is. */
  items: TestReport[];
  /** The cursor for what follows; null if this is the end. */
  next: string | null;
}

/** Of how many targets or tests something came. */
export interface TestStatusStatusCount {
  /** What came of them. */
  status: 'noStatus' | 'passed' | 'flaky' | 'timeout' | 'failed' | 'incomplete' | 'remoteFailure' | 'failedToBuild' | 'toolHaltedBeforeTesting';
  /** How many they are. */
  count: number;
}

/** A named value in which two actions differ. */
export interface ValueChange {
  /** Its name. */
  name: string;
  /** What it was; null if there was none. */
  before?: string;
  /** What it is; null if there is none. */
  after?: string;
}

export interface WorkerInfo {
  name: string;
  id: string;
  platform: Property[];
  slots: number;
  busySlots: number;
  /** 0: the worker told nothing of its resources. */
  cpuMillis: string;
  cpuMillisUsed: string;
  memoryBytes: string;
  memoryBytesUsed: string;
  draining: boolean;
  /** Until when it gets nothing because attempts failed on it; absent if it does. */
  quarantinedUntil?: string;
  lastSeen?: string;
  /** What it runs. */
  operations: string[];
  protocolMinor: number;
}
