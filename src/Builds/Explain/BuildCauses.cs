namespace RemoteExec.Builds.Explain;

/// <summary>Why a build missed what it missed.</summary>
/// <param name="Build">The build, as its client calls it.</param>
/// <param name="Misses">How many actions missed.</param>
/// <param name="Seconds">How long their commands ran in all, in seconds.</param>
/// <param name="Causes">The causes, by how many actions they are to blame for.</param>
public sealed record BuildCauses(string Build, long Misses, double Seconds, IReadOnlyList<RankedCause> Causes);
