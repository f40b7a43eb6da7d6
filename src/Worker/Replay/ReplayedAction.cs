using Microsoft.Win32.SafeHandles;
using RemoteExec.Native;
using RemoteExec.Worker.Caches;
using RemoteExec.Worker.Disk;
using RemoteExec.Worker.Inputs;
using RemoteExec.Worker.Outputs;
using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Worker.Replay;

/// <summary>A past action whose inputs are in place on this machine. For one run.</summary>
public sealed class ReplayedAction : IAsyncDisposable
{
    private static readonly TimeSpan untimed = TimeSpan.FromDays(30);
    private readonly ActionReplay replay;
    private readonly ActionLease lease;
    private readonly ReadyAction ready;
    private readonly ActionPlatform platform;
    private readonly CachedTree? image;
    private readonly ActionCaches caches;
    private readonly Action giveUserBack;

    internal ReplayedAction(ActionReplay replay, ActionLease lease, ReadyAction ready, ActionPlatform platform, CachedTree? image, ActionCaches caches, Action giveUserBack)
    {
        this.replay = replay;
        this.lease = lease;
        this.ready = ready;
        this.platform = platform;
        this.image = image;
        this.caches = caches;
        this.giveUserBack = giveUserBack;
    }

    /// <summary>The program and its arguments, as in a shell.</summary>
    public string CommandLine => ActionShell.Quote(ready.Command.Arguments);

    /// <summary>Where the program starts, as it sees it.</summary>
    public string WorkingDirectory => Path.Join(ready.SeenRoot, ready.Command.WorkingDirectory);

    /// <summary>True if it has a root file system of its own, false if it sees this machine's tools.</summary>
    public bool HasImage => image is not null;

    internal Protocol.Digest Digest => lease.ActionDigest;

    internal ReadyAction Ready => ready;

    internal WorkerOptions Options => replay.Options;

    internal OutputLimits OutputLimits => OutputLimits.Of(replay.Options, lease.Action.Platform ?? ready.Command.Platform);

    /// <summary>How long its command may run.</summary>
    internal TimeSpan Timeout => lease.Timeout;

    /// <summary>Runs its command as a worker does.</summary>
    /// <param name="output">Gets what it writes to its standard output, as it is written; stays the caller's.</param>
    /// <param name="error">The same for standard error.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="ReplayException">It can't be run.</exception>
    /// <exception cref="IOException">This machine is short of something.</exception>
    public Task<ReplayOutcome> RunAsync(Stream output, Stream error, CancellationToken cancellationToken) =>
        RunAsync(ready.ToSandbox(lease.Timeout), output, error, cancellationToken);

    /// <summary>
    /// Runs a shell in the place of its command. If standard input is a terminal, the shell is on one of its own that is shown there; else it reads what this process would, and writes to
    /// the streams. No time is too long for it.
    /// </summary>
    /// <param name="output">Gets what it writes to its standard output, unless it is on a terminal.</param>
    /// <param name="error">The same for standard error.</param>
    /// <param name="announce">Told, before the shell begins, by which script the action's command can be run in it.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="ReplayException">There is no shell.</exception>
    /// <exception cref="IOException">This machine is short of something.</exception>
    public async Task<ReplayOutcome> ShellAsync(Stream output, Stream error, Action<string> announce, CancellationToken cancellationToken)
    {
        string shell = ActionShell.Find(image?.Path)
            ?? throw new ReplayException($"the action's root file system has no shell ({string.Join(", ", ActionShell.Programs)}): replay it without --shell, and look at what it leaves with --keep");
        SandboxCommand command = ready.ToSandbox(untimed);
        announce(ActionShell.WriteScript(ready, replay.Runner));
        command = command with { Arguments = ActionShell.ArgumentsOf(shell) };
        if (!RawTerminal.IsTerminal(TerminalRelay.Input))
        {
            using var input = new SafeFileHandle(TerminalRelay.Input, ownsHandle: false);
            return await RunAsync(command with { Input = new SandboxInput(input) }, output, error, cancellationToken);
        }

        return await TerminalRelay.RunAsync(
            ready.Directory.User?.Id,
            terminal => RunAsync(command with { Input = terminal, Environment = ActionShell.WithTerminal(command.Environment) }, output, error, cancellationToken));
    }

    /// <summary>Discards its directory. Its outcome is to be disposed before.</summary>
    public async ValueTask DisposeAsync()
    {
        await caches.DisposeAsync();
        image?.Dispose();
        await ready.DisposeAsync();
        giveUserBack();
    }

    private async Task<ReplayOutcome> RunAsync(SandboxCommand command, Stream output, Stream error, CancellationToken cancellationToken)
    {
        command = command with
        {
            Image = image?.Path,
            Network = platform.Network,
            Caches = caches.Mounts,
            Limits = new ActionLimits(replay.Options).Of(lease),
        };
        var stdout = new ActionLog("stdout", ready.Directory.StdoutPath, replay.Options.MaxLogBytes);
        var stderr = new ActionLog("stderr", ready.Directory.StderrPath, replay.Options.MaxLogBytes);
        await using (new LogKeeper([stdout, stderr], replay.Time))
        await using (new LogCopy(stdout.Path, output, replay.Time))
        await using (new LogCopy(stderr.Path, error, replay.Time))
        {
            DiskLimit limit = DiskLimit.Of(replay.Options, lease.Action.Platform ?? ready.Command.Platform);
            using DiskWatch watch = replay.Disk.Watch(ready.Directory, replay.Runner.TakesLayers, limit, cancellationToken);
            SandboxOutcome outcome = (await watch.RunAsync(async token => await replay.Runner.RunAsync(command, token)))!;
            return new ReplayOutcome(this, outcome, stdout, stderr);
        }
    }
}
