namespace RemoteExec.Builds.Sharing;

/// <summary>How far a stream was read.</summary>
/// <param name="Generation">Which stream it was: another one begins when Redis has lost some of it. Empty before the first.</param>
/// <param name="Id">The last entry that was read; empty before the first.</param>
internal readonly record struct StreamPosition(string Generation, string Id)
{
    /// <summary>Nothing was read.</summary>
    public static StreamPosition None { get; } = new("", "");
}
