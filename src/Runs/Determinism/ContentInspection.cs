using System.Text;
using RemoteExec.Runs.Determinism.Archives;

namespace RemoteExec.Runs.Determinism;

/// <summary>Finds where two contents in memory differ: as text, as bytes, and member by member if they are archives, in archives of archives as well.</summary>
/// <param name="first">The run that the first one is of.</param>
/// <param name="other">The run that the other one is of.</param>
internal sealed class ContentInspection(RunTraces first, RunTraces other)
{
    private const int MaxDepth = 4;
    private const int MaxLine = 160;
    private static readonly UTF8Encoding strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Finds it; the two are not equal.</summary>
    public ContentDifference Inspect(byte[] left, byte[] right) => Inspect(left, right, 0);

    /// <summary>The same, of the contents of members.</summary>
    internal ContentDifference Inspect(byte[] left, byte[] right, int depth)
    {
        int offset = left.AsSpan().CommonPrefixLength(right);
        ArchiveDifference? archive = depth < MaxDepth ? ArchiveDifference.Find(left, right, (before, after) => Inspect(before, after, depth + 1)) : null;
        (string Before, string After)? lines = archive is null && IsText(left) && IsText(right) ? (LineAt(left, offset), LineAt(right, offset)) : null;
        int row = offset - (offset % HexRow.Bytes);
        return new ContentDifference
        {
            Offset = offset,
            Line = lines is null ? null : left.AsSpan(0, offset).Count((byte)'\n') + 1,
            FirstBytes = left.Length,
            OtherBytes = right.Length,
            First = lines?.Before ?? HexRow.Of(left, row, row),
            Other = lines?.After ?? HexRow.Of(right, row, row),
            Archive = archive?.Kind,
            Members = archive?.Members ?? [],
            Causes = archive is not null ? archive.Causes : new CauseSearch(first, other).Find(left, right, lines is not null),
        };
    }

    private static bool IsText(byte[] content)
    {
        if (content.AsSpan().ContainsAnyInRange((byte)0, (byte)8))
            return false;
        try
        {
            return strict.GetCharCount(content) >= 0;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }

    // The line with what differs in its middle, if it is long.
    private static string LineAt(byte[] content, int offset)
    {
        int begin = content.AsSpan(0, offset).LastIndexOf((byte)'\n') + 1;
        int length = content.AsSpan(offset).IndexOf((byte)'\n');
        int end = length < 0 ? content.Length : offset + length;
        if (begin == content.Length)
            return "(end)";
        int from = Math.Max(begin, Math.Min(offset - (MaxLine / 2), end - MaxLine)), to = Math.Min(end, from + MaxLine);
        return $"{(from > begin ? "…" : "")}{Encoding.UTF8.GetString(content, from, to - from)}{(to < end ? "…" : "")}";
    }
}
