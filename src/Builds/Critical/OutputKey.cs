using RemoteExec.Builds.Records;
using RemoteExec.Protocol;

namespace RemoteExec.Builds.Critical;

/// <summary>What an output is recognized by when it is an input: its content, and of a file also its name, as many actions make the same few bytes.</summary>
internal static class OutputKey
{
    /// <summary>That of a file; null for one that is empty, which may come from anywhere.</summary>
    public static UInt128? OfFile(in Digest digest, string name) =>
        digest.SizeBytes == 0 ? null : unchecked(ActionKey.Of(digest.HashSpan) + (uint)name.GetHashCode(StringComparison.Ordinal));

    /// <summary>That of a directory; null for one that is empty.</summary>
    public static UInt128? OfDirectory(in Digest digest) => digest.SizeBytes == 0 ? null : ActionKey.Of(digest.HashSpan);
}
