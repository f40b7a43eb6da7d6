namespace RemoteExec.Builds.Explain;

/// <summary>Long texts in sentences: cut to where they differ.</summary>
internal static class Excerpt
{
    private const int MostShown = 80;
    private const int ShownAround = 12;

    /// <summary>A text in quotes, cut if it is long.</summary>
    public static string Quote(string text) => $"'{Clip(text)}'";

    /// <summary><c>'before' became 'after'</c>; of long texts, what stands around the first and the last difference.</summary>
    public static string Of(string before, string after)
    {
        if (before.Length <= MostShown && after.Length <= MostShown)
            return $"'{before}' became '{after}'";
        int head = before.AsSpan().CommonPrefixLength(after), shorter = Math.Min(before.Length, after.Length), tail = 0;
        while (tail < shorter - head && before[^(tail + 1)] == after[^(tail + 1)])
            tail++;
        int from = Math.Max(0, head - ShownAround), behind = Math.Max(0, tail - ShownAround);
        return $"'{Cut(before, from, behind)}' became '{Cut(after, from, behind)}'";
    }

    private static string Cut(string text, int from, int behind) =>
        $"{(from > 0 ? "…" : "")}{Clip(text[from..^behind])}{(behind > 0 ? "…" : "")}";

    private static string Clip(string text) => text.Length <= MostShown ? text : text[..(MostShown - 1)] + "…";
}
