using System.Collections.Concurrent;
using RemoteExec.Native;
using RemoteExec.Protocol;
using RemoteExec.Worker.Machine;
using RemoteExec.Worker.Sandbox.Groups;

namespace RemoteExec.Worker.Sandbox.Bubblewrap;

/// <summary>
/// The tier with namespaces, made by bwrap, for machines on which it may make them and our own launcher may not, or is not there. Actions see the same as in
/// <see cref="NamespaceSandbox"/>; docs/sandbox.md says what is less. Each command has a bwrap of its own.
/// </summary>
internal sealed class BubblewrapSandbox : ISandbox
{
    private const int Killed = 128 + Libc.SIGKILL;
    private const int LongestReason = 1000;
    private static readonly TimeSpan longestTimeout = TimeSpan.FromDays(30); // timers can't count much further
    private readonly NamespaceSettings settings;
    private readonly TimeProvider time;
    private readonly SpawnThread thread;
    private readonly string files;
    private readonly string filter;
    private readonly MemoryKills memoryKills = new("/");
    private readonly ConcurrentBag<SlotGroup> groups = []; // those that no command is in

    /// <summary>Makes a sandbox.</summary>
    /// <param name="settings">What actions have in common; the program is bwrap.</param>
    /// <param name="scratch">Where actions run.</param>
    /// <param name="time">Measures the timeout.</param>
    public BubblewrapSandbox(NamespaceSettings settings, ScratchDirectory scratch, TimeProvider time)
    {
        this.settings = settings;
        this.time = time;
        files = Path.Combine(scratch.Location, "system");
        filter = Path.Combine(files, "filter");
        foreach ((string path, string content) in NamespaceSettings.Files)
            Write(Path.Join(files, path), System.Text.Encoding.UTF8.GetBytes(content));
        Write(filter, SystemCallFilter.Make());
        thread = new SpawnThread(settings.IsUserMapped ? null : NamespaceSettings.User);
    }

    /// <inheritdoc/>
    public string Tier => SandboxTiers.Namespaces;

    /// <inheritdoc/>
    public bool TakesLayers => false;

    /// <inheritdoc/>
    public bool TakesCaches => true;

    /// <inheritdoc/>
    public bool WatchesReads => false;

    /// <inheritdoc/>
    public string? Refuse(ActionPlatform platform) => settings.Refuse(platform);

    /// <inheritdoc/>
    public string RootOf(ActionDirectory directory) => NamespaceSandbox.Root;

    /// <inheritdoc/>
    public string TemporaryOf(ActionDirectory directory) => NamespaceSandbox.Temporary;

    /// <inheritdoc/>
    public async Task<SandboxOutcome> RunAsync(SandboxCommand command, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var view = new SandboxView(command.Directory, settings.Host);
        string workingDirectory = Path.Join(NamespaceSandbox.Root, command.WorkingDirectory);
        string program = ProgramLookup.Find(command.Arguments[0], command.Environment, workingDirectory, view.Locate) ?? command.Arguments[0];
        if (program.Length == 0)
            return await ProgramFailure.RefuseAsync(command, Libc.ENOENT, exists: false, program);
        string script = Path.Combine(command.Directory.Location, "command");
        Write(script, System.Text.Encoding.UTF8.GetBytes(CommandScript.Make(program, command)));

        SlotGroup? group = TakeGroup();
        try
        {
            return await RunAsync(command, view, program, script, group, cancellationToken);
        }
        finally
        {
            if (group is not null)
                groups.Add(group);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        thread.Dispose();
        while (groups.TryTake(out SlotGroup? group))
            await group.DisposeAsync();
    }

    private async Task<SandboxOutcome> RunAsync(SandboxCommand command, SandboxView view, string program, string script, SlotGroup? group, CancellationToken cancellationToken)
    {
        long killsBefore = CountMemoryKills(group);
        group?.SetLimits(command.Limits);
        long begin = time.GetTimestamp();
        BubblewrapProcess bwrap = await BubblewrapProcess.StartAsync(settings.Program, thread, BubblewrapOptions.Of(command, settings, files, script), command, filter, group);
        bool timedOut, isKilledHere;
        TimeSpan elapsed;
        ProcessUsage usage;
        try
        {
            timedOut = !await EndsInTimeAsync(bwrap.Ended, command.Timeout, cancellationToken);
            isKilledHere = !bwrap.Ended.IsCompleted;
            if (isKilledHere)
                bwrap.Kill();
            await bwrap.Ended;
            elapsed = time.GetElapsedTime(begin);
        }
        finally
        {
            usage = await bwrap.ClearAsync();
        }

        cancellationToken.ThrowIfCancellationRequested();
        bool isMemoryUsedUp = CountMemoryKills(group) > killsBefore;
        ProcessEnd end = await bwrap.Ended;
        if (isKilledHere || end.Signal != 0)
            return new SandboxOutcome(Killed, timedOut, elapsed) { Usage = usage, Signal = Libc.SIGKILL, OutOfMemory = isMemoryUsedUp && !timedOut };
        if (!bwrap.HasExecuted)
            throw new SandboxUnavailableException($"the sandbox could not be made: {await ReadReasonAsync(command)}");
        if (CommandScript.FindFailure(end.ExitCode, command.Directory.StderrPath) is { } error)
            return await RefuseAsync(command, error, program, view.Locate(Path.Combine(NamespaceSandbox.Root, command.WorkingDirectory, program)));
        return new SandboxOutcome(end.ExitCode, TimedOut: false, elapsed)
        {
            Usage = usage,
            Root = command.Directory.Root,
            OutOfMemory = isMemoryUsedUp && (group is null ? end.ExitCode == Killed : end.ExitCode != 0), // what the machine kills need not be the action's
        };
    }

    private static async Task<SandboxOutcome> RefuseAsync(SandboxCommand command, int error, string program, string? place)
    {
        await File.WriteAllTextAsync(command.Directory.StderrPath, "", CancellationToken.None); // what env said, which is told better
        return await ProgramFailure.RefuseAsync(command, error, place is not null && FileStatus.Of(place) is not null, program);
    }

    private static async Task<string> ReadReasonAsync(SandboxCommand command)
    {
        string said = (await File.ReadAllTextAsync(command.Directory.StderrPath, CancellationToken.None)).Trim();
        return said.Length == 0 ? "bwrap ended without a reason" : said[..Math.Min(said.Length, LongestReason)];
    }

    private static void Write(string path, ReadOnlySpan<byte> content)
    {
        const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        const UnixFileMode Listable = Readable | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        string parent = Path.GetDirectoryName(path)!;
        if (!Directory.Exists(parent))
            Directory.CreateDirectory(parent, Listable);
        File.WriteAllBytes(path, content);
        File.SetUnixFileMode(path, Readable);
    }

    private SlotGroup? TakeGroup()
    {
        if (settings.Groups is null)
            return null;
        return groups.TryTake(out SlotGroup? group) ? group : settings.Groups.Make();
    }

    private long CountMemoryKills(SlotGroup? group) => group?.CountMemoryKills() ?? memoryKills.Count();

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
}
