using RemoteExec.Native;
using RemoteExec.Protocol;
using RemoteExec.Worker.Machine;

namespace RemoteExec.Worker.Sandbox;

/// <summary>
/// The tier without namespaces: a process in a directory of its own, with an environment of its own and, if the command names one, a user of
/// its own. It sees the machine's file systems and network.
/// </summary>
/// <remarks>
/// With a user of its own an action can't touch what others own, and nothing it started survives it: every process under that user is ended.
/// Without, actions must trust each other, and a process that left its session may live until the actions that ran beside it have ended too.
/// In both cases files that an action makes elsewhere than in its own directories, as in /tmp, stay.
/// </remarks>
/// <param name="time">Measures the timeout.</param>
/// <param name="memoryKills">Tells when memory was short.</param>
internal sealed class DirectorySandbox(TimeProvider time, MemoryKills memoryKills) : ISandbox
{
    private const int Killed = 128 + Libc.SIGKILL;
    private static readonly TimeSpan longestTimeout = TimeSpan.FromDays(30); // timers can't count much further
    private readonly ChildProcesses children = ChildProcesses.Instance;

    /// <inheritdoc/>
    public string Tier => "directory";

    /// <inheritdoc/>
    public bool TakesLayers => false;

    /// <inheritdoc/>
    public bool WatchesReads => false;

    /// <inheritdoc/>
    public bool TakesCaches => false;

    /// <inheritdoc/>
    public string? Refuse(ActionPlatform platform)
    {
        if (platform.RootFileSystem is not null)
            return $"it asks for a root file system of its own ({SandboxProperties.RootFileSystem})";

        // What all actions have, by their path, is the machine's.
        return platform.Caches.FirstOrDefault(cache => cache.IsAbsolute && cache.Name != cache.Path) is { } cache
            ? $"it asks for a cache outside of its input root ({SandboxProperties.CachePrefix}{cache.Name}={cache.Path})"
            : null;
    }

    /// <inheritdoc/>
    public string RootOf(ActionDirectory directory) => directory.Root;

    /// <inheritdoc/>
    public string TemporaryOf(ActionDirectory directory) => directory.Temporary;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public async Task<SandboxOutcome> RunAsync(SandboxCommand command, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        string name = command.Arguments[0];
        string? program = ProgramLookup.Find(name, command.Environment, command.Directory.PathOf(command.WorkingDirectory));
        if (program is null)
            return await ProgramFailure.RefuseAsync(command, Libc.ENOENT, exists: false, name);

        long killsBefore = memoryKills.Count();
        long begin = time.GetTimestamp();
        (int error, int main, Task<ProcessEnd> ended) = await StartAsync(command, program);
        if (error != 0)
            return await ProgramFailure.RefuseAsync(command, error, FileStatus.Of(Path.Combine(command.Directory.PathOf(command.WorkingDirectory), program)) is not null, program);

        SandboxOutcome outcome;
        ProcessUsage ofSurvivors = default;
        try
        {
            bool timedOut = !await EndsInTimeAsync(ended, command.Timeout, cancellationToken);
            bool isKilledHere = !ended.IsCompleted;
            if (isKilledHere)
                await KillAsync(command.Directory.User, main);
            ProcessEnd end = await ended;
            outcome = new SandboxOutcome(end.ExitCode, timedOut, time.GetElapsedTime(begin))
            {
                Usage = end.Usage,
                Signal = end.Signal,
                Root = isKilledHere ? null : command.Directory.Root,
                OutOfMemory = !isKilledHere && end.ExitCode == Killed && memoryKills.Count() > killsBefore, // a shell ends so, too, when what it ran was killed
            };
        }
        finally
        {
            ofSurvivors = await ClearAsync(command.Directory.User, main);
        }

        cancellationToken.ThrowIfCancellationRequested();
        return outcome with { Usage = outcome.Usage.With(ofSurvivors) };
    }

    private Task<(int Error, int Main, Task<ProcessEnd> Ended)> StartAsync(SandboxCommand command, string program)
    {
        return command.Directory.User is null ? SharedUserActions.Instance.StartAsync(LaunchAsync) : LaunchAsync();

        async Task<(int Error, int Main, Task<ProcessEnd> Ended)> LaunchAsync()
        {
            (int error, int main) = await ProcessLauncher.StartAsync(command, program);
            return (error, main, error == 0 ? children.WaitAsync(main) : Task.FromResult(default(ProcessEnd)));
        }
    }

    private async Task<bool> EndsInTimeAsync(Task ended, TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            await ended.WaitAsync(timeout < longestTimeout ? timeout : longestTimeout, time, cancellationToken);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
        catch (OperationCanceledException)
        {
            return true; // stopped, but not by its timeout
        }
    }

    private Task KillAsync(ActionUser? user, int main)
    {
        if (user is not null)
            return ActionUsers.KillAllAsync(user.Id);
        children.KillGroup(main);
        return Task.CompletedTask;
    }

    // What a killed process had started becomes a child of the worker in its turn: done when there is no such child.
    // What they used is the action's as well.
    private async Task<ProcessUsage> ClearAsync(ActionUser? user, int main)
    {
        ProcessUsage usage = default;
        while (await FindSurvivorsAsync(user, main) is { Count: > 0 } survivors)
        {
            if (user is not null)
                await ActionUsers.KillAllAsync(user.Id);
            foreach (ProcessEnd end in await Task.WhenAll(survivors.Select(children.KillAsync)))
                usage = usage.With(end.Usage);
        }

        if (user is null)
            SharedUserActions.Instance.Remove(main);
        return usage;
    }

    private async Task<IReadOnlyList<int>> FindSurvivorsAsync(ActionUser? user, int main) =>
        user is null
            ? await SharedUserActions.Instance.FindSurvivorsAsync(main)
            : [.. children.FindOthers().Where(child => ProcessStatus.UserOf(child) == user.Id)];
}
