using System.Collections.Concurrent;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Persistent;
using RemoteExec.Worker.Inputs;
using RemoteExec.Worker.Outputs;
using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Worker.Persistent;

/// <summary>
/// Runs actions in processes that run on for others, where their clients ask for it and their tools can do it (Bazel's worker protocol). May be called concurrently.
/// </summary>
/// <param name="options">The worker's settings.</param>
/// <param name="scratch">Where the processes run.</param>
/// <param name="sandbox">What they run in.</param>
/// <param name="logger">Told what does not work.</param>
/// <param name="time">The clock.</param>
internal sealed class PersistentActions(WorkerOptions options, ScratchDirectory scratch, NamespaceSandbox sandbox, ILogger logger, TimeProvider time) : IAsyncDisposable
{
    private const int MostBytes = 256 * 1024 * 1024;
    private const int RememberedFailures = 1000;
    private readonly PersistentPool pool = new(options.Sandbox.Persistent, options.Sandbox.Persistent.MaxProcesses ?? options.Slots, time);
    private readonly ConcurrentDictionary<string, long> failed = new(StringComparer.Ordinal); // tools that can't do it, and since when

    /// <summary>How many processes there are.</summary>
    public int Count => pool.Count;

    /// <summary>How many were started, and how many of them have ended.</summary>
    public (long Started, long Ended) Totals => pool.Totals;

    /// <summary>Makes them for a sandbox that can start them, unless they are switched off.</summary>
    public static PersistentActions? For(WorkerOptions options, ScratchDirectory scratch, ISandbox sandbox, ILogger logger, TimeProvider time) =>
        sandbox is NamespaceSandbox namespaces && (options.Sandbox.Persistent.MaxProcesses ?? options.Slots) > 0
            ? new PersistentActions(options, scratch, namespaces, logger, time)
            : null;

    /// <summary>
    /// Finds a process for an action, and lays its inputs out. Null if it is to be run the ordinary way: it does not ask for such a process, or has no tool among its inputs, or no arguments in
    /// files, or there are as many processes as there may be, the tool has failed before, or the action asks for what such a process does not get.
    /// </summary>
    /// <param name="inputs">Lays inputs out.</param>
    /// <param name="lease">The action.</param>
    /// <param name="user">Who runs it.</param>
    /// <param name="limits">What it may have of the machine.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<PersistentRun?> PrepareAsync(InputRoot inputs, ActionLease lease, ActionUser? user, SandboxLimits limits, CancellationToken cancellationToken)
    {
        if (lease.Action.Platform is null)
            return null;
        var platform = ActionPlatform.Parse(lease.Action.Platform, lease.ActionDigest);
        if (platform.PersistentKey is null || sandbox.Refuse(platform) is not null || (platform.Audit ?? options.Sandbox.Audit.Reads))
            return null;
        ActionDirectory staged = scratch.MakeActionDirectory(user);
        PersistentRun? run = null;
        try
        {
            run = await PrepareAsync(inputs, lease, platform, staged, limits, cancellationToken);
            return run;
        }
        finally
        {
            if (run is null)
                await staged.DisposeAsync();
        }
    }

    /// <summary>Ends all processes.</summary>
    public ValueTask DisposeAsync() => pool.DisposeAsync();

    /// <summary>Takes back a process that has done what it could.</summary>
    internal ValueTask ReturnAsync(PersistentProcess process, bool isGood) => pool.ReturnAsync(process, isGood);

    /// <summary>Notes that a process could not do what it was asked for.</summary>
    internal void Note(PersistentProcess? process, string key, ActionLease lease, PersistentException failure)
    {
        // One that did other actions before has not shown that its tool can't do it.
        if (process is null or { Requests: <= 1 })
        {
            if (failed.Count >= RememberedFailures)
                failed.Clear();
            failed[key] = time.GetTimestamp();
        }

        WorkerLog.PersistentFailed(logger, lease.ActionDigest.ToString(), key, failure.Message, process?.LastWords ?? "");
    }

    private async Task<PersistentRun?> PrepareAsync(
        InputRoot inputs, ActionLease lease, ActionPlatform platform, ActionDirectory staged, SandboxLimits limits, CancellationToken cancellationToken)
    {
        if (await inputs.StageAsync(lease, staged, sandbox.RootOf(staged), IsTaken, cancellationToken) is not { } list)
            return null;
        string key = "";
        try
        {
            var arguments = WorkArguments.Read(list.Command, staged.Root, sandbox.RootOf(staged));
            var environment = new Dictionary<string, string>(list.Command.Environment, StringComparer.Ordinal);
            environment.TryAdd("TMPDIR", sandbox.TemporaryOf(staged));
            key = PersistentKey.Of(lease, platform, list, arguments.Startup, environment, limits.MemoryBytes);
            if (HasFailed(key))
                return null;
            PersistentProcess? process = await pool.TakeAsync(key, () => StartAsync(key, arguments.Startup, environment, inputs, platform, staged, limits, cancellationToken));
            return process is null ? null : new PersistentRun(this, process, lease, list, staged, limits, RequestOf(list, arguments), time);
        }
        catch (PersistentException failure)
        {
            Note(null, key, lease, failure);
            return null;
        }
    }

    // The input root of the process is its working directory, and caches are mounted for one action.
    private static bool IsTaken(ActionCommand command) => command.WorkingDirectory.Length == 0 && command.Caches.Count == 0 && WorkArguments.HasFlagFiles(command);

    private bool HasFailed(string key)
    {
        if (!failed.TryGetValue(key, out long since))
            return false;
        if (time.GetElapsedTime(since) < options.Sandbox.Persistent.IdleTime)
            return true;
        failed.TryRemove(key, out _);
        return false;
    }

    private async Task<PersistentProcess> StartAsync(
        string key, IReadOnlyList<string> arguments, Dictionary<string, string> environment, InputRoot inputs, ActionPlatform platform, ActionDirectory staged, SandboxLimits limits,
        CancellationToken cancellationToken)
    {
        CachedTree? image = platform.RootFileSystem is { } digest ? await inputs.HoldTreeAsync(digest, staged.User?.Id, cancellationToken) : null;
        ActionDirectory? directory = null;
        try
        {
            directory = scratch.MakeActionDirectory(staged.User);
            PersistentProcess.MoveIn(staged.Root, directory); // its tool has to be there when it starts
            LongRun run = await sandbox.BeginAsync(
                new SandboxCommand
                {
                    Arguments = arguments,
                    Environment = environment,
                    Directory = directory,
                    Image = image?.Path,
                    Network = platform.Network,
                    Limits = limits,
                    Timeout = Timeout.InfiniteTimeSpan,
                },
                cancellationToken);
            var log = new LogKeeper([new ActionLog("stderr", directory.StderrPath, options.MaxLogBytes)], time);
            return new PersistentProcess(key, run, directory, log, image, platform.IsPersistentJson, MostBytes);
        }
        catch (Exception exception)
        {
            if (directory is not null)
                await directory.DisposeAsync();
            image?.Dispose();
            if (exception is IOException)
                throw new PersistentException($"it can't be started: {exception.Message}", exception);
            throw;
        }
    }

    private static WorkRequest RequestOf(StagedInputs list, WorkArguments arguments)
    {
        var request = new WorkRequest { Arguments = { arguments.Request } };
        foreach ((string path, Digest digest) in list.Files)
            request.Inputs.Add(new Input { Path = path, Digest = ByteString.CopyFromUtf8(digest.Hash) });
        return request;
    }
}
