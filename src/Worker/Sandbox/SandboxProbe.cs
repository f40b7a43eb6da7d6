using RemoteExec.Worker.Machine;
using RemoteExec.Worker.Sandbox.Bubblewrap;
using RemoteExec.Worker.Sandbox.Groups;

namespace RemoteExec.Worker.Sandbox;

/// <summary>Finds the highest tier that works here, by running something in it.</summary>
internal static class SandboxProbe
{
    private const string ProbeName = "probe", Bubblewrap = "bwrap";
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(20);

    /// <summary>Where the launcher lies: beside the program.</summary>
    public static string Launcher { get; } = Path.Combine(AppContext.BaseDirectory, "remoteexec-launcher");

    /// <summary>Chooses.</summary>
    /// <exception cref="InvalidOperationException">What the settings ask for does not work.</exception>
    public static async Task<SandboxChoice> ChooseAsync(WorkerOptions options, ScratchDirectory scratch, TimeProvider time)
    {
        var findings = new List<TierFinding>();
        var host = new HostMounts(options.Sandbox.HostPaths);
        if (options.Sandbox.CachePaths.FirstOrDefault(host.Meets) is { } wrong)
            throw new InvalidOperationException($"worker.sandbox.caches.paths: no cache can be at '{wrong}', where worker.sandbox.hostPaths has the machine's tools");
        (ControlGroups? groups, IReadOnlyList<string> limitProblems) =
            options.Sandbox.Tier == SandboxTiers.Directory ? (null, []) : await ControlGroups.OpenAsync("/", scratch.Location);
        foreach (string tier in (string[])[SandboxTiers.CachedTrees, SandboxTiers.Namespaces])
        {
            if (options.Sandbox.Tier is { } wanted && wanted != tier)
                continue;
            var settings = new NamespaceSettings { Program = Launcher, IsUserMapped = false, Overlays = tier == SandboxTiers.CachedTrees, Host = host, Groups = groups, AllowsNetwork = options.Sandbox.Network };
            (SandboxChoice? choice, string? problem) = options.Sandbox.PrefersBubblewrap ? (null, "bwrap is preferred to it") : await TryLauncherAsync(settings, options.Sandbox, scratch, time);
            if (choice is null && !settings.Overlays)
                (choice, problem) = await TryBubblewrapAsync(settings, problem!, options.Sandbox, scratch, time);
            if (choice is not null)
            {
                findings.Add(new TierFinding(tier, null));
                return choice with
                {
                    Groups = groups,
                    Report = choice.Report with
                    {
                        Findings = findings,
                        Limits = [.. groups?.Controllers.Select(controller => $"{controller.Name} (control groups, version {controller.Version})") ?? []],
                        LimitProblems = limitProblems,
                    },
                };
            }

            findings.Add(new TierFinding(tier, problem));
            if (options.Sandbox.Tier is null)
                continue;
            await GiveUpAsync(groups);
            throw new InvalidOperationException($"the sandbox '{tier}' does not work here: {problem}");
        }

        await GiveUpAsync(groups);
        (ActionUsers? own, string? shared) = await DirectoryUsers.FindAsync(options, scratch);
        findings.Add(new TierFinding(SandboxTiers.Directory, null));
        string words = own is null ? $"all as the worker's own user ({shared ?? "worker.separateUsers is false"})" : "each as a user of its own";
        return new SandboxChoice(new DirectorySandbox(time, new MemoryKills("/")), own, new SandboxReport { Tier = SandboxTiers.Directory, Users = words, Findings = findings, HostPaths = [] });
    }

    private static ValueTask GiveUpAsync(ControlGroups? groups) => groups?.DisposeAsync() ?? ValueTask.CompletedTask;

    // Root may do all of it itself, if its capabilities are not cut down; anybody may in a user namespace, if the system allows these.
    private static bool[] WaysToBeAnotherUser(SandboxOptions options) =>
        Environment.IsPrivilegedProcess && !options.PrefersUserNamespaces ? [false, true] : [true];

    // The launcher, which needs no file but itself, is run as an action: without a worker at its standard input it ends at once.
    private static async Task<(SandboxChoice? Choice, string? Problem)> TryLauncherAsync(NamespaceSettings settings, SandboxOptions options, ScratchDirectory scratch, TimeProvider time)
    {
        if (!File.Exists(Launcher))
            return (null, $"'{Launcher}' is not there: it is made by ./dev build where there is a C compiler");
        return await TryWaysAsync(settings, options, scratch, found => new NamespaceSandbox(found, scratch, time), $"./{ProbeName}");
    }

    private static async Task<(SandboxChoice? Choice, string? Problem)> TryBubblewrapAsync(NamespaceSettings settings, string problem, SandboxOptions options, ScratchDirectory scratch, TimeProvider time)
    {
        var paths = new Dictionary<string, string> { ["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? ProgramLookup.DefaultPath };
        if (ProgramLookup.Find(Bubblewrap, paths, "/") is not { } program || !program.StartsWith('/'))
            return (null, $"{problem}; by bwrap: there is no such program (package bubblewrap)");
        (SandboxChoice? choice, string? further) = await TryWaysAsync(settings with { Program = program }, options, scratch, found => new BubblewrapSandbox(found, scratch, time), "/usr/bin/env");
        return choice is null
            ? (null, $"{problem}; by {program}: {further}")
            : (choice with { Report = choice.Report with { Fallback = $"by {program}, which is slower and promises less (docs/sandbox.md), as our own launcher can't make it: {problem}" } }, null);
    }

    private static async Task<(SandboxChoice? Choice, string? Problem)> TryWaysAsync(
        NamespaceSettings settings, SandboxOptions options, ScratchDirectory scratch, Func<NamespaceSettings, ISandbox> make, string program)
    {
        string? problem = null;
        foreach (bool isUserMapped in WaysToBeAnotherUser(options))
        {
            ISandbox sandbox = make(settings with { IsUserMapped = isUserMapped });
            ActionUsers? users = isUserMapped ? null : ActionUsers.OneForAll(NamespaceSettings.User);
            string? found = await TryAsync(sandbox, users, scratch, program);
            if (found is null)
            {
                var report = new SandboxReport { Tier = sandbox.Tier, Users = isUserMapped ? "in user namespaces of the worker's own user" : $"as user {NamespaceSettings.User}", Findings = [], HostPaths = settings.Host.Places };
                return (new SandboxChoice(sandbox, users, report), null);
            }

            await sandbox.DisposeAsync();
            problem = problem is null ? found : $"{problem}; in a user namespace: {found}";
        }

        return (null, problem);
    }

    private static async Task<string?> TryAsync(ISandbox sandbox, ActionUsers? users, ScratchDirectory scratch, string program)
    {
        try
        {
            await using ActionDirectory directory = scratch.MakeActionDirectory(users?.Take());
            if (File.Exists(Launcher))
            {
                string probe = Path.Combine(directory.Root, ProbeName);
                File.Copy(Launcher, probe);
                File.SetUnixFileMode(probe, (UnixFileMode)0x1ED); // 0755
            }

            var command = new SandboxCommand
            {
                Arguments = [program],
                Environment = new Dictionary<string, string>(),
                Directory = directory,
                Lower = sandbox.TakesLayers ? directory.Root : null,
                Timeout = patience,
            };
            using SandboxOutcome outcome = await sandbox.RunAsync(command, CancellationToken.None);
            if (outcome.TimedOut)
                return $"nothing was run in {patience.TotalSeconds:0} s";
            return outcome.ExitCode == 0 ? null : $"the probe ended with exit code {outcome.ExitCode}: {(await File.ReadAllTextAsync(directory.StderrPath)).Trim()}";
        }
        catch (IOException exception)
        {
            return exception.Message;
        }
    }
}
