using RemoteExec.Native;
using RemoteExec.Protocol;
using RemoteExec.Worker.Caches;
using RemoteExec.Worker.Inputs;
using RemoteExec.Worker.Sandbox.Launcher;

namespace RemoteExec.Worker.Sandbox;

/// <summary>
/// The tiers with namespaces: an action sees its input root at a fixed path, a temporary directory, and the host's tools; no other file, process or host.
/// When it has ended, its namespaces are gone, and all that was in them.
/// </summary>
/// <remarks>Each action that runs has a launcher (src/Launcher), which outlives it.</remarks>
internal sealed class NamespaceSandbox : ISandbox
{
    /// <summary>Where actions see their input root.</summary>
    public const string Root = "/work";

    /// <summary>Where actions see their temporary directory.</summary>
    public const string Temporary = "/tmp";

    private const int Killed = 128 + Libc.SIGKILL;
    private static readonly TimeSpan longestTimeout = TimeSpan.FromDays(30); // timers can't count much further
    private readonly NamespaceSettings settings;
    private readonly ScratchDirectory scratch;
    private readonly TimeProvider time;
    private readonly LauncherPools launchers;

    /// <summary>Makes a sandbox; nothing is started yet.</summary>
    public NamespaceSandbox(NamespaceSettings settings, ScratchDirectory scratch, TimeProvider time)
    {
        this.settings = settings;
        this.scratch = scratch;
        this.time = time;
        launchers = new LauncherPools(StartLauncherAsync);
    }

    /// <inheritdoc/>
    public string Tier => settings.Overlays ? "cached-trees" : "namespaces";

    /// <inheritdoc/>
    public bool TakesLayers => settings.Overlays;

    /// <inheritdoc/>
    public bool TakesCaches => true;

    /// <inheritdoc/>
    public bool WatchesReads => true;

    /// <inheritdoc/>
    public string? Refuse(ActionPlatform platform) => settings.Refuse(platform);

    /// <inheritdoc/>
    public string RootOf(ActionDirectory directory) => Root;

    /// <inheritdoc/>
    public string TemporaryOf(ActionDirectory directory) => Temporary;

    /// <inheritdoc/>
    public async Task<SandboxOutcome> RunAsync(SandboxCommand command, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        LauncherRequest request = Describe(command);
        LauncherPool pool = await launchers.GetAsync(LauncherKind.Of(command.Network, command.Image is null ? PlacesOf(command) : []));
        LauncherProcess launcher = await pool.TakeAsync();
        LauncherEnd end;
        bool isMemoryUsedUp;
        using var timeout = new CancellationTokenSource(command.Timeout < longestTimeout ? command.Timeout : longestTimeout, time);
        long begin = time.GetTimestamp();
        try
        {
            long killsBefore = launcher.Group?.CountMemoryKills() ?? 0;
            launcher.Group?.SetLimits(command.Limits);
            using var kill = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
            end = await launcher.RunAsync(request, kill.Token);
            isMemoryUsedUp = launcher.Group?.CountMemoryKills() > killsBefore;
        }
        finally
        {
            await pool.ReturnAsync(launcher);
        }

        return await JudgeAsync(command, end, time.GetElapsedTime(begin), timeout.IsCancellationRequested, isMemoryUsedUp, cancellationToken);
    }

    /// <summary>
    /// Starts a program that runs on, in a sandbox as for any action, until the answer is disposed: its input root is a directory that is changed meanwhile. The command's timeout means
    /// nothing, and it has no layers.
    /// </summary>
    /// <exception cref="IOException">It can't be started.</exception>
    public async Task<LongRun> BeginAsync(SandboxCommand command, CancellationToken cancellationToken)
    {
        LauncherPool pool = await launchers.GetAsync(LauncherKind.Of(command.Network, []));
        LauncherProcess launcher = await pool.TakeAsync();
        try
        {
            launcher.Group?.SetLimits(command.Limits);
            return await LongRun.BeginAsync(launcher, pool.ReturnAsync, command, Describe, cancellationToken);
        }
        catch
        {
            await pool.ReturnAsync(launcher);
            throw;
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => launchers.DisposeAsync();

    private static async Task<SandboxOutcome> JudgeAsync(
        SandboxCommand command, LauncherEnd end, TimeSpan elapsed, bool timedOut, bool isMemoryUsedUp, CancellationToken cancellationToken)
    {
        bool isKept = false;
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (end.Failure is { } failure)
                throw new SandboxUnavailableException($"the sandbox could not be made: {failure}");
            if (end.Unexecutable is { } program)
                return await ProgramFailure.RefuseAsync(command, program.Error, program.Exists, program.Program);
            if (end.Status is not { } status || end.Root is null)
                return new SandboxOutcome(Killed, timedOut, elapsed) { Usage = end.Usage, Signal = Libc.SIGKILL, OutOfMemory = isMemoryUsedUp && !timedOut };

            isKept = true;
            return new SandboxOutcome(ChildProcesses.ExitCodeOf(status), TimedOut: false, end.Duration)
            {
                Signal = ChildProcesses.SignalOf(status),
                Usage = end.Usage,
                OutOfMemory = isMemoryUsedUp && status != 0, // who copes with the loss of a process has not failed for it
                Root = $"/proc/self/fd/{end.Root.DangerousGetHandle()}/.", // without the dot it would be a symlink
                Hold = end,
            };
        }
        finally
        {
            if (!isKept)
                end.Dispose();
        }
    }

    private LauncherRequest Describe(SandboxCommand command)
    {
        var request = new LauncherRequest("run");
        ActionDirectory directory = command.Directory;
        if (command.Lower is { } lower)
        {
            (string upper, string work) = directory.MakeOverlay();
            request.Add("lower", InLauncher(lower)).Add("upper", InLauncher(upper)).Add("work", InLauncher(work));
            foreach (InputBind bind in command.Binds)
                request.Add("bind", InLauncher(bind.Source), bind.Target);
        }
        else
        {
            request.Add("tree", InLauncher(directory.Root));
        }

        if (command.Image is { } image)
            request.Add("image", InLauncher(image)).Add("frame", InLauncher(directory.MakeFrame(PlacesOf(command))));
        request.Add("tmp", InLauncher(directory.Temporary))
            .Add("output", InLauncher(directory.StdoutPath))
            .Add("error", InLauncher(directory.StderrPath))
            .Add("directory", Path.Join(Root, command.WorkingDirectory));
        if (command.Limits.FileBytes > 0)
            request.Add("file-bytes", command.Limits.FileBytes);
        AddCaches(request, command);
        if (command.Audit)
            request.Add("audit", InLauncher(directory.AuditPath));
        if (command.Vary is { } host)
            request.Add("vary", host);
        if (command.Channel is { } channel)
            request.Add("channel", InLauncher(channel));
        if (command.Input is { } input)
        {
            request.Add("stdio", input.Terminal is null ? "input" : "terminal");
            request.Descriptor = input.File;
        }

        foreach ((string name, string value) in command.Environment)
            request.Add("environment", $"{name}={value}");
        foreach (string argument in command.Arguments)
            request.Add("argument", argument);
        return request;
    }

    private void AddCaches(LauncherRequest request, SandboxCommand command)
    {
        foreach (CacheMount cache in command.Caches)
        {
            if (PathInRoot.IsInside(Temporary, cache.Place))
                command.Directory.MakeTemporaryPlace(cache.Place[Temporary.Length..]);
            string place = cache.IsAbsolute ? cache.Place : $"{Root}/{cache.Place}";
            if (cache.Changes is { } changes)
                request.Add("cache", InLauncher(cache.Source), InLauncher(changes), place);
            else
                request.Add("keep", InLauncher(cache.Source), place);
        }
    }

    // The places in the root that are not there for all.
    private static IEnumerable<string> PlacesOf(SandboxCommand command) =>
        command.Caches.Where(cache => cache.IsAbsolute && !PathInRoot.IsInside(Temporary, cache.Place)).Select(cache => cache.Place);

    // The launcher has the scratch directory, and its cache once more, read-only, at paths of its own.
    private string InLauncher(string path)
    {
        const string Cache = "/.worker/cache", Scratch = "/.worker/scratch";
        if (path.StartsWith(scratch.Cache, StringComparison.Ordinal))
            return Cache + path[scratch.Cache.Length..];
        return path.StartsWith(scratch.Location, StringComparison.Ordinal)
            ? Scratch + path[scratch.Location.Length..]
            : throw new ArgumentException($"'{path}' lies outside of the scratch directory");
    }

    private async Task<LauncherProcess> StartLauncherAsync(LauncherKind kind)
    {
        LauncherProcess launcher = LauncherProcess.Start(settings.Program);
        try
        {
            if (settings.Groups?.Make() is { } group)
                launcher.Enter(group);
            await launcher.SetUpAsync(settings.ToSetup(scratch, kind));
            return launcher;
        }
        catch
        {
            await launcher.DisposeAsync();
            throw;
        }
    }
}
