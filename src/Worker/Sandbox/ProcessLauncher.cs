using System.Collections.Concurrent;
using RemoteExec.Native;

namespace RemoteExec.Worker.Sandbox;

/// <summary>
/// Starts the process of an action: in a session of its own, with standard input empty unless it is given one, output to files, no other open file, default
/// signal handling, umask 022 and, if so wanted, another user. By posix_spawn, which is faster than <see cref="System.Diagnostics.Process"/> and
/// needs no pipes, from a thread that has taken on what the new process is to inherit.
/// </summary>
internal static class ProcessLauncher
{
    private const uint UMask = 0x12; // 022
    private const uint OutputMode = 0x180; // 0600
    private const string Shell = "/bin/sh";
    private static readonly ConcurrentDictionary<Task, bool> launches = [];

    /// <summary>Starts a program; 0 and the process id, or the error for which it could not be executed.</summary>
    /// <exception cref="NativeException">The preparations failed.</exception>
    public static async Task<(int Error, int ProcessId)> StartAsync(SandboxCommand command, string program)
    {
        // Listed before the process can exist: see LaunchesUnderWayAsync.
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        launches[done.Task] = true;
        try
        {
            return await ActionThread.RunAsync(() => Start(command, program));
        }
        finally
        {
            launches.TryRemove(done.Task, out _);
            done.SetResult();
        }
    }

    /// <summary>
    /// Waits until all launches that have begun are done. Until it executes its program, a new process has open what the worker had open when it was
    /// made, perhaps an executable that was just being written; and a file that anybody has open for writing can't be executed (ETXTBSY). So who
    /// has written executables waits for this before they are run.
    /// </summary>
    public static Task LaunchesUnderWayAsync() => Task.WhenAll(launches.Keys);

    /// <summary>
    /// Makes the file for what an action writes to its standard output or error. The user owns it, so that the action may open /dev/stdout and /dev/stderr; it can't replace it,
    /// as its directory is not its own.
    /// </summary>
    /// <returns>The number of the open file: the caller's.</returns>
    public static int OpenLog(string path, ActionUser? owner) => Open(path, Libc.O_WRONLY | Libc.O_CREAT | Libc.O_EXCL | Libc.O_APPEND, owner);

    private static (int Error, int ProcessId) Start(SandboxCommand command, string program)
    {
        NativeException.ThrowIfNegative(Libc.Unshare(Libc.CLONE_FS), "unshare(CLONE_FS)");
        _ = Libc.UMask(UMask);
        NativeException.ThrowIfNegative(Libc.ChDir(command.Directory.PathOf(command.WorkingDirectory)), $"entering '{command.WorkingDirectory}'");
        int input = -1, output = -1, error = -1;
        try
        {
            if (command.Input is null)
                input = Open("/dev/null", Libc.O_RDONLY, null);
            output = OpenLog(command.Directory.StdoutPath, command.Directory.User);
            error = OpenLog(command.Directory.StderrPath, command.Directory.User);
            if (command.Directory.User is { } user)
                ActionThread.BecomeUser(user.Id);

            using var attributes = new SpawnAttributes(command.Input is { } given ? (int)given.File.DangerousGetHandle() : input, output, error);
            if (command.Input?.Terminal is { } terminal)
                attributes.OpenTerminal(terminal);
            string[] environment = [.. command.Environment.Select(entry => $"{entry.Key}={entry.Value}")];
            int problem = attributes.Spawn(program, command.Arguments, environment, out int process);

            // A script without "#!" is the shell's, as for execvp.
            if (problem == Libc.ENOEXEC)
                problem = attributes.Spawn(Shell, [Shell, program, .. command.Arguments.Skip(1)], environment, out process);
            if (problem == 0)
                SpawnAttributes.ForbidCore(process);
            return (problem, process);
        }
        finally
        {
            Close(input);
            Close(output);
            Close(error);
        }
    }

    private static int Open(string path, int flags, ActionUser? owner)
    {
        int descriptor = Libc.Open(path, flags | Libc.O_CLOEXEC, OutputMode);
        NativeException.ThrowIfNegative(descriptor, $"opening '{path}'");
        if (owner is not null)
            NativeException.ThrowIfNegative(Libc.FChOwn(descriptor, owner.Id, owner.Id), $"changing the owner of '{path}'");
        return descriptor;
    }

    private static void Close(int descriptor)
    {
        if (descriptor >= 0)
            _ = Libc.Close(descriptor);
    }
}
