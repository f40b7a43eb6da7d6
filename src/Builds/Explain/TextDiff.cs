using System.Globalization;
using System.Text;

namespace RemoteExec.Builds.Explain;

/// <summary>In what lines two small texts differ.</summary>
internal static class TextDiff
{
    /// <summary>Longer files are not compared by their lines.</summary>
    public const int MaxBytes = 64 * 1024;

    private const int Context = 2;
    private const int MaxEdits = 300;
    private const int MostLines = 60;
    private const int LongestLine = 300;
    private static readonly UTF8Encoding strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The lines of a text; null if it is none.</summary>
    public static string[]? LinesOf(ReadOnlySpan<byte> content)
    {
        if (content.Length > MaxBytes || content.Contains((byte)0))
            return null;
        try
        {
            string[] lines = strict.GetString(content).Split('\n');
            return lines[^1].Length == 0 ? lines[..^1] : lines;
        }
        catch (DecoderFallbackException)
        {
            return null; // no UTF-8, so nothing to show
        }
    }

    /// <summary>The differences as <c>diff -u</c> writes them, without the two lines at its head; cut where it gets long. Null if the lines are the same.</summary>
    public static string? Between(IReadOnlyList<string> before, IReadOnlyList<string> after)
    {
        IReadOnlyList<SequenceDiff.Stretch> stretches = SequenceDiff.Find(before, after, MaxEdits);
        if (stretches.Count == 0)
            return null;
        List<string> lines = [];
        for (int first = 0; first < stretches.Count && lines.Count < MostLines;)
        {
            int last = first;
            while (last + 1 < stretches.Count && stretches[last + 1].Before - (stretches[last].Before + stretches[last].BeforeCount) <= 2 * Context)
                last++;
            AddHunk(lines, before, after, stretches.Skip(first).Take(last - first + 1).ToArray());
            first = last + 1;
        }

        return string.Join('\n', lines.Count <= MostLines ? lines : [.. lines.Take(MostLines), "…"]);
    }

    private static void AddHunk(List<string> lines, IReadOnlyList<string> before, IReadOnlyList<string> after, SequenceDiff.Stretch[] stretches)
    {
        SequenceDiff.Stretch first = stretches[0], last = stretches[^1];
        int from = Math.Max(0, first.Before - Context), to = Math.Min(before.Count, last.Before + last.BeforeCount + Context);
        int fromAfter = first.After - (first.Before - from), toAfter = last.After + last.AfterCount + (to - last.Before - last.BeforeCount);
        lines.Add(string.Create(CultureInfo.InvariantCulture, $"@@ -{from + 1},{to - from} +{fromAfter + 1},{toAfter - fromAfter} @@"));
        int next = from;
        foreach (SequenceDiff.Stretch stretch in stretches)
        {
            Add(lines, ' ', before, next, stretch.Before);
            Add(lines, '-', before, stretch.Before, stretch.Before + stretch.BeforeCount);
            Add(lines, '+', after, stretch.After, stretch.After + stretch.AfterCount);
            next = stretch.Before + stretch.BeforeCount;
        }

        Add(lines, ' ', before, next, to);
    }

    private static void Add(List<string> lines, char mark, IReadOnlyList<string> from, int start, int end)
    {
        for (int i = start; i < end && lines.Count <= MostLines; i++)
            lines.Add(mark + (from[i].Length <= LongestLine ? from[i] : from[i][..LongestLine] + "…"));
    }
}
