namespace RemoteExec.Trees.Local;

/// <summary>What is left out of a directory and all below it: the rules of the directories above, and its own, of which the last one that fits decides. Those of deeper directories come first.</summary>
/// <param name="above">The rules of the directory that it is in; null for none.</param>
/// <param name="prefix">The path of the directory, relative to the root of the tree; ends with a slash, or is empty.</param>
/// <param name="rules">Its own rules.</param>
internal sealed class IgnoreRules(IgnoreRules? above, string prefix, IReadOnlyList<IgnoreRule> rules)
{
    /// <summary>The rules that lines give for a directory.</summary>
    public static IgnoreRules Of(IgnoreRules? above, string prefix, IEnumerable<string> lines) => new(above, prefix, [.. lines.Select(IgnoreRule.Parse).OfType<IgnoreRule>()]);

    /// <summary>What the rules say of a path relative to the root of the tree: true to leave it out, false to keep it, null for nothing.</summary>
    public bool? Decide(string path, bool isDirectory)
    {
        string own = path[prefix.Length..];
        for (int i = rules.Count - 1; i >= 0; i--)
        {
            if (rules[i].Fits(own, isDirectory))
                return !rules[i].TakesBack;
        }

        return above?.Decide(path, isDirectory);
    }
}
