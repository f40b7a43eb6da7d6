namespace RemoteExec.Builds.Explain;

/// <summary>The name of the flag that an argument is, or whose value it is.</summary>
internal static class FlagName
{
    /// <summary>That of the argument at a position: <c>--mode</c> for <c>--mode=fast</c>, and for what stands behind <c>--mode</c>; <c>-O</c> for <c>-O2</c>; null for other arguments.</summary>
    public static string? Of(IReadOnlyList<string> arguments, int position)
    {
        if (position == 0)
            return null; // the program
        if (Of(arguments[position]) is { } own)
            return own;
        string previous = arguments[position - 1];
        return position > 1 && Of(previous) == previous && !arguments[position].StartsWith('@') ? previous : null;
    }

    private static string? Of(string argument)
    {
        if (argument.Length < 2 || argument[0] != '-' || argument is "--" || argument.Contains(' ', StringComparison.Ordinal) || char.IsAsciiDigit(argument[1]))
            return null;
        int end = argument.IndexOf('=', StringComparison.Ordinal);
        if (end > 0)
            return argument[..end];
        // -O2, -Os, -g3, -j8: a letter and its level.
        bool isLevel = argument[1] != '-' && argument.Length > 2 && (argument.AsSpan(2).IndexOfAnyExceptInRange('0', '9') < 0 || (argument[1] == 'O' && argument.Length <= 6));
        return isLevel ? argument[..2] : argument;
    }
}
