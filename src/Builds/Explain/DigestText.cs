using System.Globalization;
using RemoteExec.Protocol;

namespace RemoteExec.Builds.Explain;

/// <summary>Digests as they stand in comparisons: <c>function:hash/size</c>, with more behind a space.</summary>
internal static class DigestText
{
    /// <summary>Reads one, of the instance of another; null if it is none.</summary>
    public static Digest? Parse(in Digest sibling, string? text)
    {
        if (text is null)
            return null;
        ReadOnlySpan<char> first = text.AsSpan()[..(text.IndexOf(' ', StringComparison.Ordinal) is var space and >= 0 ? space : text.Length)];
        int colon = first.IndexOf(':'), slash = first.IndexOf('/');
        return colon > 0 && slash > colon && long.TryParse(first[(slash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out long size)
            && Digest.TryParse(sibling.Instance, DigestFunctions.FromName(first[..colon]), first[(colon + 1)..slash], size, out Digest digest, out _)
            ? digest
            : null;
    }
}
