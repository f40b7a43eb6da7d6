using Microsoft.Extensions.Logging;
using RemoteExec.Protocol;

namespace RemoteExec.Execution;

internal static partial class ExecutionLog
{
    [LoggerMessage(1, LogLevel.Error, "Preparing action {ActionDigest} failed unexpectedly")]
    public static partial void PreparationFailed(ILogger logger, Exception exception, Digest actionDigest);

    [LoggerMessage(2, LogLevel.Warning, "The result of action {ActionDigest} could not be stored in the action cache; its clients have it nevertheless")]
    public static partial void ResultNotStored(ILogger logger, Exception exception, Digest actionDigest);

    [LoggerMessage(3, LogLevel.Error, "Checking the result of action {ActionDigest} failed unexpectedly")]
    public static partial void RecordingFailed(ILogger logger, Exception exception, Digest actionDigest);

    [LoggerMessage(4, LogLevel.Warning, "Worker '{Worker}' broke the protocol: {Problem}")]
    public static partial void WorkerAtFault(ILogger logger, string worker, string problem);

    [LoggerMessage(5, LogLevel.Warning, "The result of worker '{Worker}' for action {ActionDigest} is no good: {Problem}")]
    public static partial void ResultRefused(ILogger logger, string worker, Digest actionDigest, string problem);

    [LoggerMessage(7, LogLevel.Information, "Worker '{Worker}' has joined; its platform: {Platform}")]
    public static partial void WorkerJoined(ILogger logger, string worker, string platform);

    [LoggerMessage(8, LogLevel.Information, "Worker '{Worker}' has left")]
    public static partial void WorkerLeft(ILogger logger, string worker);

    [LoggerMessage(9, LogLevel.Warning, "Worker '{Worker}' is lost: it was not heard of in time. What it was running is given to others")]
    public static partial void WorkerLost(ILogger logger, string worker);

    [LoggerMessage(10, LogLevel.Warning, "Worker '{Worker}' gets nothing for {Time}: {Failures} attempts in a row failed on it")]
    public static partial void WorkerQuarantined(ILogger logger, string worker, int failures, TimeSpan time);

    [LoggerMessage(6, LogLevel.Error, "Work in the background failed: some operation may never end")]
    public static partial void BackgroundFailed(ILogger logger, Exception exception);

    [LoggerMessage(30, LogLevel.Warning, "The scheduler's journal {Path} ended in {Bytes} bytes that were not written to their end; they were cut off")]
    public static partial void JournalCut(ILogger logger, string path, long bytes);

    [LoggerMessage(31, LogLevel.Error, "The scheduler's journal {Path} can't be written: {Problem}. Nothing new starts or ends until it can; it is tried again each second")]
    public static partial void JournalStuck(ILogger logger, string path, string problem);

    [LoggerMessage(32, LogLevel.Information, "The scheduler's journal {Path} is written again")]
    public static partial void JournalWrites(ILogger logger, string path);

    [LoggerMessage(33, LogLevel.Information, "This server is the active scheduler, number {Epoch}: it took up {Operations} operations in {Milliseconds} ms")]
    public static partial void BecameActive(ILogger logger, long epoch, int operations, long milliseconds);

    [LoggerMessage(34, LogLevel.Warning, "This server, number {Epoch}, is no longer the active scheduler: another has taken over")]
    public static partial void NoLongerActive(ILogger logger, long epoch);

    [LoggerMessage(35, LogLevel.Information, "The active scheduler, number {Epoch}, is at {Address}")]
    public static partial void FollowsActive(ILogger logger, string address, long epoch);

    [LoggerMessage(36, LogLevel.Information, "This server, number {Epoch}, has handed the scheduler over")]
    public static partial void HandedOver(ILogger logger, long epoch);

    [LoggerMessage(37, LogLevel.Error, "This server can't be the active scheduler: what the journal that schedulers share tells makes no sense here, or something unforeseen happened. It only carries calls on from now")]
    public static partial void JournalNotUnderstood(ILogger logger, Exception exception);

    [LoggerMessage(38, LogLevel.Warning, "Redis of the scheduler: {Problem}. Until it answers nothing new starts or ends, and nobody can take over")]
    public static partial void SchedulerRedisProblem(ILogger logger, string problem);

    [LoggerMessage(39, LogLevel.Information, "Redis of the scheduler is well again")]
    public static partial void SchedulerRedisWell(ILogger logger);
}
