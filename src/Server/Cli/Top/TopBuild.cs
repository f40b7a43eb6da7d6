using RemoteExec.Builds.Records;

namespace RemoteExec.Server.Cli.Top;

/// <summary>A build that goes on, or did so just now.</summary>
/// <param name="Build">What it has done so far.</param>
/// <param name="ElapsedSeconds">How long it takes so far: to now if something of it waits or runs, else to its last call.</param>
/// <param name="Queued">How many of its actions wait.</param>
/// <param name="Running">How many of them run.</param>
internal sealed record TopBuild(BuildSummary Build, double ElapsedSeconds, int Queued, int Running);
