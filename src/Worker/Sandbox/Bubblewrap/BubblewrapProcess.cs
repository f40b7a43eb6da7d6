using System.IO.Pipes;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Win32.SafeHandles;
using RemoteExec.Native;
using RemoteExec.Worker.Sandbox.Groups;

namespace RemoteExec.Worker.Sandbox.Bubblewrap;

/// <summary>
/// One run of bwrap: a process that waits outside of the sandbox for what it has started inside, where the first process collects orphans. The first process ends, and with it all in its namespace,
/// when the one outside does; and that one when the worker does.
/// </summary>
internal sealed partial class BubblewrapProcess
{
    private readonly ChildProcesses children = ChildProcesses.Instance;
    private readonly int id;
    private readonly string statusPath;

    private BubblewrapProcess(int id, string statusPath)
    {
        this.id = id;
        this.statusPath = statusPath;
        Ended = children.WaitAsync(id);
    }

    /// <summary>How the process outside ended.</summary>
    public Task<ProcessEnd> Ended { get; }

    /// <summary>True if bwrap got as far as to execute something, and has seen its end. To be asked after <see cref="Ended"/>.</summary>
    public bool HasExecuted => ReadStatus().Contains("\"exit-code\"", StringComparison.Ordinal);

    /// <summary>Starts it, in control groups if there are any before it does anything.</summary>
    /// <param name="program">bwrap: an absolute path.</param>
    /// <param name="thread">The thread to start it from.</param>
    /// <param name="options">What it is told.</param>
    /// <param name="command">What it is to run in the end.</param>
    /// <param name="filter">A file with the filter of system calls.</param>
    /// <param name="group">The groups; null for none.</param>
    /// <exception cref="IOException">It can't be started.</exception>
    public static async Task<BubblewrapProcess> StartAsync(
        string program, SpawnThread thread, IReadOnlyList<string> options, SandboxCommand command, string filter, SlotGroup? group)
    {
        ActionDirectory directory = command.Directory;
        string statusPath = Path.Combine(directory.Location, "status");
        using SafeFileHandle nothing = File.OpenHandle("/dev/null");
        using var output = new SafeFileHandle(ProcessLauncher.OpenLog(directory.StdoutPath, directory.User), ownsHandle: true);
        using var error = new SafeFileHandle(ProcessLauncher.OpenLog(directory.StderrPath, directory.User), ownsHandle: true);
        using SafeFileHandle status = File.OpenHandle(statusPath, FileMode.CreateNew, FileAccess.Write);
        using SafeFileHandle calls = File.OpenHandle(filter);
        using var pipe = new AnonymousPipeServerStream(PipeDirection.Out, HandleInheritability.None);
        (int problem, int id) = await thread.RunAsync(() =>
        {
            using var attributes = new SpawnAttributes(Number(command.Input?.File ?? nothing), Number(output), Number(error), (int)pipe.ClientSafePipeHandle.DangerousGetHandle(), Number(status), Number(calls));
            if (command.Input?.Terminal is { } terminal)
                attributes.OpenTerminal(terminal);
            int answer = attributes.Spawn(program, ["bwrap", "--args", $"{BubblewrapOptions.OptionsFile}", "/bin/sh", CommandScript.Place], [], out int process);
            return (answer, process);
        });
        if (problem != 0)
            throw new NativeException($"starting '{program}'", problem);

        var bwrap = new BubblewrapProcess(id, statusPath);
        try
        {
            pipe.DisposeLocalCopyOfClientHandle();
            group?.Add(id);
            await pipe.WriteAsync(Encoding.UTF8.GetBytes(string.Concat(options.Select(option => $"{option}\0")))); // it waits for the end of these
            return bwrap;
        }
        catch (Exception exception)
        {
            bwrap.Kill();
            await bwrap.ClearAsync();
            throw exception is IOException ? exception : new IOException(exception.Message, exception);
        }
    }

    /// <summary>Ends it, and with it the command.</summary>
    public void Kill() => children.KillGroup(id); // until the sandbox is made, what it has started is in its group

    /// <summary>Waits until nothing of it is left, and says what all that was inside has used.</summary>
    public async Task<ProcessUsage> ClearAsync()
    {
        ProcessUsage outside = (await Ended).Usage;
        var usage = new ProcessUsage(outside.CpuTime, PeakMemoryBytes: 0) { BytesRead = outside.BytesRead, BytesWritten = outside.BytesWritten }; // its peak is the worker's
        while (FindSurvivors() is { Count: > 0 } survivors)
        {
            foreach (ProcessEnd end in await Task.WhenAll(survivors.Select(children.KillAsync)))
                usage = usage.With(end.Usage);
        }

        return usage;
    }

    // The first process inside is the worker's child by now. It is in a session of its own, unless bwrap was killed while it made the sandbox.
    private List<int> FindSurvivors()
    {
        int? first = FirstProcess().Match(ReadStatus()) is { Success: true } match ? int.Parse(match.Groups["id"].ValueSpan, System.Globalization.CultureInfo.InvariantCulture) : null;
        return [.. children.FindOthers().Where(child => child == first || ProcessStatus.Of(child)?.Session == id)];
    }

    private string ReadStatus() => File.ReadAllText(statusPath);

    private static int Number(SafeFileHandle handle) => (int)handle.DangerousGetHandle();

    [GeneratedRegex("\"child-pid\"\\s*:\\s*(?<id>[0-9]+)")]
    private static partial Regex FirstProcess();
}
