using RemoteExec.Builds.Events;

namespace RemoteExec.Builds.Records;

/// <summary>How much is kept of what builds did.</summary>
/// <param name="Retention">For how long.</param>
/// <param name="MaxBytes">How long the file may get; the builds go first that were last seen longest ago.</param>
public sealed record BuildRecordOptions(TimeSpan Retention, long MaxBytes)
{
    /// <summary>How much is taken of what clients tell of builds themselves.</summary>
    public EventLimits Events { get; init; } = new();
}
