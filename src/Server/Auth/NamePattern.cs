namespace RemoteExec.Server.Auth;

/// <summary>What names may be that others give, as groups or subjects: written out, but that a <c>*</c> stands for anything, also for nothing. Letter by letter; takes no longer than the name is.</summary>
/// <param name="pattern">As a person has written it.</param>
internal sealed class NamePattern(string pattern)
{
    private readonly string[] pieces = pattern.Split('*');

    /// <summary>True if a name fits.</summary>
    public bool Fits(string name)
    {
        if (pieces is [var all])
            return string.Equals(name, all, StringComparison.Ordinal);
        string first = pieces[0], last = pieces[^1];
        if (name.Length < first.Length + last.Length || !name.StartsWith(first, StringComparison.Ordinal) || !name.EndsWith(last, StringComparison.Ordinal))
            return false;
        ReadOnlySpan<char> rest = name.AsSpan(first.Length, name.Length - first.Length - last.Length);
        foreach (string piece in pieces.AsSpan(1..^1))
        {
            int at = rest.IndexOf(piece, StringComparison.Ordinal);
            if (at < 0)
                return false;
            rest = rest[(at + piece.Length)..];
        }

        return true;
    }

    /// <summary>As it was written.</summary>
    public override string ToString() => pattern;
}
