namespace RemoteExec.Builds.Explain;

/// <summary>The action that another is compared with.</summary>
/// <param name="Action">Its digest, <c>function:hash/size</c>.</param>
/// <param name="Build">The build that asked for it last; empty if it is not known.</param>
/// <param name="At">When it did; null if that is not known.</param>
public sealed record EarlierAction(string Action, string Build, DateTimeOffset? At);
