using RemoteExec.Worker.Machine;
using RemoteExec.Worker.Native;

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
    private const int NotFound = 127, NotExecutable = 126, Killed = 128 + Libc.SIGKILL;
    private static readonly TimeSpan longestTimeout = TimeSpan.FromDays(30); // timers can't count much further
    private readonly ChildProcesses children = ChildProcesses.Instance;

    /// <inheritdoc/>
    public string Tier => "directory";

    /// <inheritdoc/>
    public async Task<SandboxOutcome> RunAsync(SandboxCommand command, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        string name = command.Arguments[0];
        string? program = ProgramLookup.Find(name, command.Environment, command.WorkingDirectory);
        if (program is null)
            return await RefuseAsync(command, NotFound, $"'{name}' is neither in a directory of PATH nor in the working directory");

        long killsBefore = memoryKills.Count();
        long begin = time.GetTimestamp();
        (int error, int main, Task<ProcessEnd> ended) = await StartAsync(command, program);
        if (error != 0)
            return await RefuseAsync(command, error == Libc.ENOENT ? NotFound : NotExecutable, Explain(error, program, command));

        SandboxOutcome outcome;
        ProcessUsage ofSurvivors = default;
        try
        {
            bool timedOut = !await EndsInTimeAsync(ended, command.Timeout, cancellationToken);
            bool isKilledHere = !ended.IsCompleted;
            if (isKilledHere)
                await KillAsync(command.User, main);
            ProcessEnd end = await ended;
            outcome = new SandboxOutcome(end.ExitCode, timedOut, time.GetElapsedTime(begin))
            {
                Usage = end.Usage,
                OutOfMemory = !isKilledHere && end.ExitCode == Killed && memoryKills.Count() > killsBefore, // a shell ends so, too, when what it ran was killed
            };
        }
        finally
        {
            ofSurvivors = await ClearAsync(command.User, main);
        }

        cancellationToken.ThrowIfCancellationRequested();
        return outcome with { Usage = outcome.Usage.With(ofSurvivors) };
    }

    private Task<(int Error, int Main, Task<ProcessEnd> Ended)> StartAsync(SandboxCommand command, string program)
    {
        return command.User is null ? SharedUserActions.Instance.StartAsync(LaunchAsync) : LaunchAsync();

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

    private static string Explain(int error, string program, SandboxCommand command)
    {
        string path = Path.Combine(command.WorkingDirectory, program);
        return error switch
        {
            Libc.ENOENT when FileStatus.Of(path) is null => $"'{program}' does not exist (relative paths start at the working directory)",
            Libc.ENOENT => $"'{program}' exists, but its interpreter (the '#!' line, or the loader of a dynamic executable) does not",
            Libc.EACCES or Libc.EPERM =>
                $"'{program}' can't be executed: it is no file with the executable bit set, or a directory on the way to it is closed",
            Libc.ENOTDIR => $"'{program}' has a file where a directory should be",
            Libc.ELOOP => $"'{program}' is a loop of symlinks",
            Libc.ENAMETOOLONG => $"the name of the program is too long: {program.Length} characters",
            Libc.E2BIG => "the arguments and the environment are too long for this system: use a params file",
            Libc.ENOEXEC or Libc.EINVAL or Libc.ELIBBAD => $"'{program}' is no executable for this machine",
            Libc.ETXTBSY => $"'{program}' is being written to",
            _ => throw new NativeException($"starting '{program}'", error),
        };
    }

    private static async Task<SandboxOutcome> RefuseAsync(SandboxCommand command, int exitCode, string reason)
    {
        await File.AppendAllTextAsync(command.StdoutPath, "", CancellationToken.None);
        await File.AppendAllTextAsync(command.StderrPath, $"remoteexec: can't run the command: {reason}\n", CancellationToken.None);
        return new SandboxOutcome(exitCode, TimedOut: false, TimeSpan.Zero);
    }
}
