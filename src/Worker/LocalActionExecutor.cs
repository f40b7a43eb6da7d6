using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Logging;
using RemoteExec.Cas;
using RemoteExec.Protocol.Workers;
using RemoteExec.Worker.Inputs;
using RemoteExec.Worker.Native;
using RemoteExec.Worker.Outputs;
using RemoteExec.Worker.Sandbox;
using RemoteExec.Worker.Services;

namespace RemoteExec.Worker;

/// <summary>Runs actions on this machine: lays out the inputs, runs the command in a sandbox, takes in the outputs.</summary>
/// <param name="options">The worker's settings.</param>
/// <param name="cas">Where inputs come from and outputs go.</param>
/// <param name="scratch">Where actions run.</param>
/// <param name="sandbox">What runs commands.</param>
/// <param name="users">The users that actions run as; null to run them as the worker's own.</param>
/// <param name="logger">Told of failures nobody foresaw.</param>
/// <param name="time">For the timestamps.</param>
internal sealed class LocalActionExecutor(
    WorkerOptions options, IBlobStore cas, ScratchDirectory scratch, ISandbox sandbox, ActionUsers? users, ILogger logger, TimeProvider time)
    : IActionExecutor
{
    private readonly InputRoot inputs = new(
        cas, new FileCache(cas, scratch.Cache, options.FileCacheBytes, hardlinks: users is not null), options);

    /// <inheritdoc/>
    public async Task<ExecutionOutcome> ExecuteAsync(
        ActionLease lease, Action<Reapi.ExecutedActionMetadata> report, CancellationToken cancellationToken)
    {
        var response = new Reapi.ExecuteResponse();
        var metadata = new Reapi.ExecutedActionMetadata { Worker = options.Name, QueuedTimestamp = lease.Queued, WorkerStartTimestamp = Now() };
        bool retryable = false;
        SandboxOutcome? ran = null;
        ActionUser? user = null;
        try
        {
            user = users?.Take();
            await RunAsync(lease, user, response, metadata, () => report(metadata.Clone()), outcome => ran = outcome, cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            (response.Status, retryable, bool isForeseen) = ActionErrors.ToStatus(exception);
            if (!isForeseen)
                WorkerLog.Unexpected(logger, exception, lease.ActionDigest.ToString());
            else if (exception is IOException or UnauthorizedAccessException)
                WorkerLog.MachineAtFault(logger, lease.ActionDigest.ToString(), exception.Message);
        }
        finally
        {
            if (user is not null)
                users!.Return(user);
        }

        metadata.WorkerCompletedTimestamp = Now();
        if (response.Result is { } result)
            result.ExecutionMetadata = metadata;
        return new ExecutionOutcome(response, retryable) { Usage = ran is { TimedOut: false } ? ToProto(ran) : null, OutOfMemory = ran?.OutOfMemory ?? false };
    }

    private async Task RunAsync(
        ActionLease lease, ActionUser? user, Reapi.ExecuteResponse response, Reapi.ExecutedActionMetadata metadata, Action report,
        Action<SandboxOutcome> ran, CancellationToken cancellationToken)
    {
        await using ActionDirectory directory = scratch.MakeActionDirectory(user);

        metadata.InputFetchStartTimestamp = Now();
        report();
        ActionCommand command = await inputs.MaterialiseAsync(lease, directory, cancellationToken);
        metadata.InputFetchCompletedTimestamp = metadata.ExecutionStartTimestamp = Now();
        report();

        SandboxOutcome outcome = await sandbox.RunAsync(ToSandbox(command, directory, lease.Timeout), cancellationToken);
        ran(outcome);
        metadata.ExecutionCompletedTimestamp = metadata.OutputUploadStartTimestamp = Now();
        metadata.VirtualExecutionDuration = Duration.FromTimeSpan(outcome.Duration);
        report();

        var result = new Reapi.ActionResult { ExitCode = outcome.ExitCode };
        var blobs = new OutputBlobs(cas, lease.ActionDigest);
        result.StdoutDigest = await AddLogAsync("stdout", directory.StdoutPath, blobs, response, cancellationToken);
        result.StderrDigest = await AddLogAsync("stderr", directory.StderrPath, blobs, response, cancellationToken);
        if (outcome.TimedOut)
        {
            response.Status = ActionErrors.TimedOut(lease.Timeout);
        }
        else
        {
            var collector = new OutputCollector(directory, command, blobs, options.AllowAbsoluteSymlinks);
            NoteProblems(await collector.CollectAsync(result, cancellationToken), outcome.ExitCode, response);
        }

        await blobs.UploadAsync(cancellationToken);
        metadata.OutputUploadCompletedTimestamp = Now();
        response.Result = result;
    }

    private static SandboxCommand ToSandbox(ActionCommand command, ActionDirectory directory, TimeSpan timeout)
    {
        // The one thing an action gets that its command does not name (CMD-02): a place for temporary files that goes away with it.
        var environment = new Dictionary<string, string>(command.Environment, StringComparer.Ordinal);
        environment.TryAdd("TMPDIR", directory.Temporary);
        return new SandboxCommand
        {
            Arguments = command.Arguments,
            Environment = environment,
            WorkingDirectory = Path.GetFullPath(Path.Combine(directory.Root, command.WorkingDirectory)),
            StdoutPath = directory.StdoutPath,
            StderrPath = directory.StderrPath,
            Timeout = timeout,
            User = directory.User,
        };
    }

    // A command that failed has told what is wrong: its result is worth more than a complaint about its outputs.
    private static void NoteProblems(IReadOnlyList<string> problems, int exitCode, Reapi.ExecuteResponse response)
    {
        if (problems.Count == 0)
            return;
        string text = string.Join('\n', problems);
        if (exitCode == 0)
            response.Status = ActionErrors.BadOutputs(text);
        else
            response.Message += text;
    }

    private async Task<Reapi.Digest?> AddLogAsync(
        string name, string path, OutputBlobs blobs, Reapi.ExecuteResponse response, CancellationToken cancellationToken)
    {
        if (FileStatus.Of(path) is not { Length: > 0 } status)
            return null;
        if (status.Length > options.MaxLogBytes)
            response.Message += $"{name} has {status.Length} bytes; only the first {options.MaxLogBytes} are kept\n";
        return (await blobs.AddFileAsync(path, status, cancellationToken, options.MaxLogBytes)).ToProto();
    }

    private static Usage ToProto(SandboxOutcome outcome) => new()
    {
        CpuTime = Duration.FromTimeSpan(outcome.Usage.CpuTime),
        WallTime = Duration.FromTimeSpan(outcome.Duration),
        PeakMemoryBytes = outcome.Usage.PeakMemoryBytes,
    };

    private Timestamp Now() => Timestamp.FromDateTimeOffset(time.GetUtcNow());
}
