namespace RemoteExec.Builds.Explain;

/// <summary>Arguments that are scripts: they are compared word by word, as a flag in a script is a flag, too.</summary>
internal static class ScriptWords
{
    private const int LongestScript = 100_000;

    /// <summary>The words that differ, if both are scripts; else the change itself.</summary>
    public static IReadOnlyList<ArgumentChange> Split(ArgumentChange change)
    {
        if (change is not { Before: { } before, After: { } after } || !IsScript(before) || !IsScript(after))
            return [change];
        IReadOnlyList<ArgumentChange> words = ArgumentDiff.Compare(WordsOf(before), WordsOf(after));
        return words.Count > 0 ? words : [change]; // they differ in white space
    }

    private static bool IsScript(string argument) => argument.Length <= LongestScript && argument.Any(char.IsWhiteSpace);

    private static string[] WordsOf(string script) => ["", .. script.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)];
}
