using Microsoft.Extensions.Logging;

namespace RemoteExec.Worker;

internal static partial class WorkerLog
{
    [LoggerMessage(1, LogLevel.Warning, "'{Directory}' can't be deleted; it is tried again at the next start")]
    public static partial void DeletionFailed(ILogger logger, Exception exception, string directory);

    [LoggerMessage(2, LogLevel.Information, "worker '{Name}' runs up to {Slots} actions in {Directory}, sandbox '{Tier}', {Users}")]
    public static partial void Started(ILogger logger, string name, int slots, string directory, string tier, string users);

    [LoggerMessage(3, LogLevel.Warning, "the scheduler can't be reached, trying again: {Problem}")]
    public static partial void SchedulerUnreachable(ILogger logger, string problem);

    // As loud as what it ends: who reads of the one should read of the other.
    [LoggerMessage(4, LogLevel.Warning, "the scheduler is reached again")]
    public static partial void SchedulerReached(ILogger logger);

    [LoggerMessage(5, LogLevel.Error, "the scheduler refuses what this worker posts, trying again: {Problem}")]
    public static partial void PostRefused(ILogger logger, string problem);

    [LoggerMessage(6, LogLevel.Debug, "action {Action} starts (lease {Lease}), with {CpuMillis} thousandths of a core and {MemoryBytes} bytes set aside for it")]
    public static partial void ActionStarted(ILogger logger, string action, string lease, long cpuMillis, long memoryBytes);

    [LoggerMessage(7, LogLevel.Debug, "action {Action} ended with status {Status}, exit code {ExitCode}, out of memory: {OutOfMemory} (lease {Lease})")]
    public static partial void ActionEnded(ILogger logger, string action, string lease, int status, int exitCode, bool outOfMemory);

    [LoggerMessage(8, LogLevel.Debug, "action {Action} is stopped (lease {Lease})")]
    public static partial void ActionStopped(ILogger logger, string action, string lease);

    [LoggerMessage(9, LogLevel.Error, "action {Action} failed in an unforeseen way")]
    public static partial void Unexpected(ILogger logger, Exception exception, string action);

    [LoggerMessage(10, LogLevel.Warning, "slot {Slot} stops, but the scheduler could not be told")]
    public static partial void LeftUnheard(ILogger logger, string slot);

    [LoggerMessage(13, LogLevel.Error, "action {Action} could not be run here: {Problem}. Look after this machine's disk and the worker's directories")]
    public static partial void MachineAtFault(ILogger logger, string action, string problem);

    [LoggerMessage(12, LogLevel.Error, "{Server} does not take what this worker speaks, {Version}; trying again. Either it is no listener for workers (--server takes the address of the server's --worker-listen), or the versions do not fit: {Problem}")]
    public static partial void VersionsDoNotFit(ILogger logger, string server, string version, string problem);

    [LoggerMessage(14, LogLevel.Warning, "an operator has taken this worker out of service: it gets nothing new until that is taken back")]
    public static partial void Draining(ILogger logger);

    [LoggerMessage(15, LogLevel.Warning, "this worker is in service again")]
    public static partial void InService(ILogger logger);

    [LoggerMessage(40, LogLevel.Debug, "{Log} of an action is not copied live any more: {Problem}")]
    public static partial void LiveLogGivenUp(ILogger logger, string log, string problem);

    [LoggerMessage(11, LogLevel.Warning, "actions run as the worker's own user, which protects neither the worker nor other actions: {Reason}")]
    public static partial void UsersNotSeparate(ILogger logger, string reason);

    [LoggerMessage(80, LogLevel.Debug, "what an action wrote to its cache at '{Place}' is lost: {Problem}")]
    public static partial void CacheChangesLost(ILogger logger, string place, string problem);

    [LoggerMessage(81, LogLevel.Warning, "the cache that an action had at '{Place}' is dropped, for it may be broken: {Problem}")]
    public static partial void CacheDropped(ILogger logger, string place, string problem);

    [LoggerMessage(90, LogLevel.Warning, "action {Action} is not deterministic: a second run made something else of '{Output}' and {Others} others (remoteexec audit {Report}); kept out of the cache: {Quarantined}")]
    public static partial void NotDeterministic(ILogger logger, string action, string output, int others, string report, bool quarantined);

    [LoggerMessage(91, LogLevel.Warning, "action {Action} was to be run again, to compare, but could not: {Problem}")]
    public static partial void NoSecondRun(ILogger logger, string action, string problem);

    [LoggerMessage(85, LogLevel.Warning, "a persistent process could not run action {Action}, which is run the ordinary way: {Problem} (process {Key}, which wrote last: '{LastWords}')")]
    public static partial void PersistentFailed(ILogger logger, string action, string key, string problem, string lastWords);

    [LoggerMessage(98, LogLevel.Debug, "inputs of action {Action} are not fetched before it starts: {Problem}")]
    public static partial void NotFetchedAhead(ILogger logger, string action, string problem);

    [LoggerMessage(60, LogLevel.Warning, "the sandbox '{Tier}' does not work on this machine, so a lower one is used: {Problem}")]
    public static partial void TierUnavailable(ILogger logger, string tier, string problem);

    [LoggerMessage(95, LogLevel.Warning, "the sandbox '{Tier}' is made {Fallback}")]
    public static partial void SandboxByFallback(ILogger logger, string tier, string fallback);

    [LoggerMessage(61, LogLevel.Warning, "actions can't be limited in all that they take: {Problems}")]
    public static partial void LimitsUnavailable(ILogger logger, string problems);
}
