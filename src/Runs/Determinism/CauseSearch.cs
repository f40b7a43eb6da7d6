using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace RemoteExec.Runs.Determinism;

/// <summary>Recognises what often makes contents differ, by what the two have in the places where they do: a guess, for a person to look at.</summary>
/// <param name="first">The run that the first content is of.</param>
/// <param name="other">The run that the other one is of.</param>
internal sealed partial class CauseSearch(RunTraces first, RunTraces other)
{
    private const int MaxPlaces = 64;
    private const int MaxAround = 120;

    /// <summary>What is recognised, each once.</summary>
    /// <param name="left">The first content.</param>
    /// <param name="right">The other one.</param>
    /// <param name="isText">Whether both are text.</param>
    public IReadOnlyList<DifferenceCause> Find(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, bool isText)
    {
        if (isText && IsReordered(left, right))
            return [DifferenceCause.Order];
        var causes = new SortedSet<DifferenceCause>();
        foreach (int offset in DifferingPlaces.Find(left, right, MaxPlaces))
        {
            string before = Around(left, offset), after = Around(right, offset);
            DifferenceCause[] found = [.. OfText(before, after)];
            causes.UnionWith(found);
            if (found.Length > 0)
                continue;
            if (!isText && HoldsTime(left, offset, first) && HoldsTime(right, offset, other))
                causes.Add(DifferenceCause.Timestamp);
            else if (Differ(Numbers(), before, after) && Numbers().Replace(before, "") == Numbers().Replace(after, ""))
                causes.Add(DifferenceCause.Number);
        }

        return [.. causes];
    }

    private IEnumerable<DifferenceCause> OfText(string before, string after)
    {
        if (Differ(Dates(), before, after) || (HasEpoch(before, first) && HasEpoch(after, other) && Differ(Epochs(), before, after)))
            yield return DifferenceCause.Timestamp;
        if (Differ(RandomIds(), before, after))
            yield return DifferenceCause.RandomId;
        if (Differ(Paths(), before, after))
            yield return DifferenceCause.Path;
        if (first.Worker.Length > 2 && first.Worker != other.Worker && before.Contains(first.Worker, StringComparison.Ordinal) && after.Contains(other.Worker, StringComparison.Ordinal))
            yield return DifferenceCause.HostName;
    }

    private static bool Differ(Regex what, string before, string after)
    {
        string[] olds = [.. what.Matches(before).Select(match => match.Value)], news = [.. what.Matches(after).Select(match => match.Value)];
        return olds.Length > 0 && news.Length > 0 && !olds.SequenceEqual(news);
    }

    private static bool HasEpoch(string text, RunTraces traces) =>
        Epochs().Matches(text).Any(match => long.TryParse(match.ValueSpan[..10], NumberStyles.None, CultureInfo.InvariantCulture, out long seconds) && traces.Covers(seconds));

    // Seconds since 1970, in four bytes of either order, at a place that touches the one that differs.
    private static bool HoldsTime(ReadOnlySpan<byte> content, int offset, RunTraces traces)
    {
        for (int at = Math.Max(0, offset - 3); at <= offset && at + 4 <= content.Length; at++)
        {
            if (traces.Covers(BinaryPrimitives.ReadUInt32LittleEndian(content[at..])) || traces.Covers(BinaryPrimitives.ReadUInt32BigEndian(content[at..])))
                return true;
        }

        return false;
    }

    private static bool IsReordered(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) =>
        left.Length == right.Length && Lines(left).Order(StringComparer.Ordinal).SequenceEqual(Lines(right).Order(StringComparer.Ordinal));

    private static string[] Lines(ReadOnlySpan<byte> content) => Encoding.UTF8.GetString(content).TrimEnd('\n').Split('\n');

    // What can be printed around a place: in text the line, in other files the string.
    private static string Around(ReadOnlySpan<byte> content, int offset)
    {
        int at = Math.Min(offset, content.Length), begin = at, end = at;
        while (begin > 0 && at - begin < MaxAround && IsPrintable(content[begin - 1]))
            begin--;
        while (end < content.Length && end - at < MaxAround && IsPrintable(content[end]))
            end++;
        return Encoding.Latin1.GetString(content[begin..end]);
    }

    private static bool IsPrintable(byte value) => value is >= 0x20 and not 0x7f or (byte)'\t';

    [GeneratedRegex(@"\d{4}-\d\d-\d\d|\d\d:\d\d(:\d\d)?|\b(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]* +\d{1,2}\b|\b20\d\d[01]\d[0-3]\d[T_-]?[0-2]\d[0-5]\d")]
    private static partial Regex Dates();

    [GeneratedRegex(@"(?<!\d)[12]\d{9}(\d{3}|\d{6}|\d{9})?(?!\d)")]
    private static partial Regex Epochs();

    [GeneratedRegex(@"\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b|\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{12,}\b|\b(tmp|temp)[._-]?[A-Za-z0-9_]{6,}")]
    private static partial Regex RandomIds();

    [GeneratedRegex(@"(?<![\w:/])/[\w.+@~-]+(/[\w.+@~-]+)+")]
    private static partial Regex Paths();

    [GeneratedRegex(@"\d+")]
    private static partial Regex Numbers();
}
