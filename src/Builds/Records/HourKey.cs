namespace RemoteExec.Builds.Records;

/// <summary>What is summed by the hour.</summary>
/// <param name="Hour">The hour, since 1970.</param>
/// <param name="Instance">The instance.</param>
/// <param name="Tool">The tool.</param>
internal readonly record struct HourKey(long Hour, string Instance, string Tool);
