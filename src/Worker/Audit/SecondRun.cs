using System.Globalization;
using RemoteExec.Protocol.Audits;
using RemoteExec.Worker.Caches;
using RemoteExec.Worker.Disk;
using RemoteExec.Worker.Inputs;
using RemoteExec.Worker.Outputs;
using RemoteExec.Worker.Sandbox;
using Difference = RemoteExec.Protocol.Audits.SecondRun.Types.Difference;

namespace RemoteExec.Worker.Audit;

/// <summary>Runs actions again and compares what they make.</summary>
/// <param name="options">The worker's settings.</param>
/// <param name="inputs">Lays out their inputs.</param>
/// <param name="caches">What is kept from action to action; what a second run writes to it is dropped.</param>
/// <param name="disk">Keeps them from filling the disk.</param>
/// <param name="sandbox">Runs their commands.</param>
/// <param name="scratch">Where.</param>
/// <param name="time">The clock.</param>
internal sealed class SecondRun(WorkerOptions options, InputRoot inputs, NamedCaches caches, DiskGuard disk, ISandbox sandbox, ScratchDirectory scratch, TimeProvider time)
{
    // As long as it takes until what is stamped with the second it was made in looks different.
    private static readonly TimeSpan later = TimeSpan.FromSeconds(1.1);

    /// <summary>True if an action is one of the share that is run again: which ones depends on nothing but their digest.</summary>
    public static bool Picks(string hash, double share) =>
        uint.Parse(hash.AsSpan(0, 8), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) < share * (1L << 32);

    /// <summary>Runs an action that has ended well once more, in a directory of its own, and says what differs. What the first run left must still be there.</summary>
    /// <param name="first">The first run.</param>
    /// <param name="command">What was run.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="IOException">The worker is short of something.</exception>
    public async Task<Protocol.Audits.SecondRun> CompareAsync(FinishedRun first, SandboxCommand command, CancellationToken cancellationToken)
    {
        if (first.Outcome.Duration < later)
            await Task.Delay(later - first.Outcome.Duration, time, cancellationToken);
        ActionLease lease = first.Run.Lease;
        await using ReadyAction ready = await ReadyAction.MakeAsync(lease, command.Directory.User, sandbox, inputs, scratch, cancellationToken);
        await using ActionCaches itsCaches = await ActionCaches.BeginAsync(caches, lease, ready.Command, sandbox, ready.Directory, cancellationToken);
        SandboxCommand again = ready.ToSandbox(command.Timeout) with
        {
            Image = command.Image,
            Network = command.Network,
            Caches = itsCaches.Mounts,
            Limits = command.Limits,
            Vary = "remoteexec-again",
        };
        using SandboxOutcome outcome = await RunAsync(again, DiskLimit.Of(options, lease.Action.Platform ?? ready.Command.Platform), cancellationToken);

        var report = new Protocol.Audits.SecondRun();
        if (outcome.Root is not { } root || outcome.ExitCode != first.Outcome.ExitCode)
        {
            string end = outcome.TimedOut ? "ran into its timeout" : string.Create(CultureInfo.InvariantCulture, $"ended with {outcome.ExitCode}");
            report.Differences.Add(new Difference { Path = "exit code", What = $"{first.Outcome.ExitCode} in the first run; the second {end}" });
        }
        else
        {
            List<string> ignored = []; // what can't be an output stands in no result
            IReadOnlyList<FoundOutput> before = first.Collector().FindAll(ignored, cancellationToken);
            OutputCollector collector = first.Collector(new OutputRoot(root, ready.SeenRoot), ready.Command);
            report.Differences.Add(OutputComparison.Compare(before, collector.FindAll(ignored, cancellationToken)));
        }

        Compare("stdout", command.Directory.StdoutPath, ready.Directory.StdoutPath, report);
        Compare("stderr", command.Directory.StderrPath, ready.Directory.StderrPath, report);
        return report;
    }

    private async Task<SandboxOutcome> RunAsync(SandboxCommand command, DiskLimit limit, CancellationToken cancellationToken)
    {
        await using var logs = new LogKeeper(
            [new ActionLog("stdout", command.Directory.StdoutPath, options.MaxLogBytes), new ActionLog("stderr", command.Directory.StderrPath, options.MaxLogBytes)], time);
        using DiskWatch watch = disk.Watch(command.Directory, command.Lower is not null, limit, cancellationToken);
        return (await watch.RunAsync(async token => await sandbox.RunAsync(command, token)))!;
    }

    private void Compare(string name, string first, string second, Protocol.Audits.SecondRun report)
    {
        if (FileComparison.Compare(name, first, second, options.MaxLogBytes) is { } difference)
            report.Differences.Add(difference);
    }
}
