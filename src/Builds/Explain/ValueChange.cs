namespace RemoteExec.Builds.Explain;

/// <summary>A named value in which two actions differ.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Before">What it was; null if there was none.</param>
/// <param name="After">What it is; null if there is none.</param>
public sealed record ValueChange(string Name, string? Before, string? After)
{
    /// <summary>Both if they differ, else null.</summary>
    internal static ValueChange? Of(string name, string? before, string? after) => string.Equals(before, after, StringComparison.Ordinal) ? null : new ValueChange(name, before, after);

    /// <summary>The change in words: <c>'a' became 'b'</c>.</summary>
    internal string InWords() => (Before, After) switch
    {
        (null, { } after) => $"is new: {Excerpt.Quote(after)}",
        ({ } before, null) => $"is gone: it was {Excerpt.Quote(before)}",
        _ => $"differs: {Excerpt.Of(Before!, After!)}",
    };
}
