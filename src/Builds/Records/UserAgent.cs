namespace RemoteExec.Builds.Records;

/// <summary>What the user agent of a client tells of the tool.</summary>
internal static class UserAgent
{
    private const int LongestTool = 40;

    /// <summary>The first word in small letters, without its version: <c>ccache</c> of <c>ccache/4.8.2 (…)</c>. <c>unknown</c> if there is none.</summary>
    public static string ToTool(string? userAgent)
    {
        ReadOnlySpan<char> first = (userAgent ?? "").AsSpan().Trim();
        int end = first.IndexOfAny('/', ' ', '(');
        if (end >= 0)
            first = first[..end];
        if (first.Length > LongestTool)
            first = first[..LongestTool];
        return first.IsEmpty ? "unknown" : first.ToString().ToLowerInvariant();
    }
}
