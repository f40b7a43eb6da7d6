using System.Globalization;

namespace RemoteExec.Builds.Explain;

/// <summary>Changes of arguments in sentences.</summary>
internal static class ArgumentWords
{
    /// <summary>The cause that a change is.</summary>
    /// <param name="change">The change, or that of one word of a script.</param>
    /// <param name="argument">The argument it is part of.</param>
    public static Cause CauseOf(ArgumentChange change, ArgumentChange argument)
    {
        string place = change.File is { } file ? $" (in {file})" : "";
        string sentence = change switch
        {
            { Before: { } before, After: { } after, Flag: { } flag } when before.StartsWith(flag, StringComparison.Ordinal) => $"flag {Clip(before, after)}",
            { Before: { } before, After: { } after, Flag: { } flag } => $"the value of {flag} differs: {Excerpt.Of(before, after)}",
            { Before: { } before, After: { } after } => string.Create(CultureInfo.InvariantCulture, $"argument {argument.PositionAfter} differs: {Excerpt.Of(before, after)}"),
            { After: { } added } => $"{NameOf(change, added)} is new",
            _ => $"{NameOf(change, change.Before!)} is gone",
        };
        return new Cause(CauseKind.Argument, change.Flag ?? "", sentence + place);
    }

    private static string NameOf(ArgumentChange change, string text) => change.Flag switch
    {
        null => $"argument {Excerpt.Quote(text)}",
        { } flag when text.StartsWith(flag, StringComparison.Ordinal) => $"flag {text}",
        { } flag => $"the value {Excerpt.Quote(text)} of {flag}",
    };

    private static string Clip(string before, string after) =>
        before.Length + after.Length <= 160 ? $"{before} became {after}" : Excerpt.Of(before, after);
}
