namespace RemoteExec.Assets.Git;

/// <summary>What of a repository is wanted.</summary>
/// <param name="Commit">The hash of a commit; empty for the latest one.</param>
/// <param name="Branch">The branch that it is on; empty for any, or for the repository's own.</param>
internal sealed record GitRevision(string Commit, string Branch)
{
    private const string Heads = "refs/heads/";
    private const int MaxBranchLength = 250;
    private static readonly string[] notInBranches = ["..", "//", "/.", "@{", ".lock/"];

    /// <summary>Whether commits have hashes of SHA-256, and not of SHA-1.</summary>
    public bool IsSha256 => Commit.Length == 64;

    /// <summary>Reads what qualifiers say.</summary>
    /// <exception cref="AssetException">They can't be fulfilled.</exception>
    public static GitRevision Of(AssetQualifiers qualifiers)
    {
        if (qualifiers.Checksum is not null)
            throw Bad("checksum.sri", "is of a file, and a repository is none: name a commit with 'vcs.commit', which is a checksum of all that is in it");
        string commit = qualifiers.Commit.ToLowerInvariant(), branch = qualifiers.Branch;
        if (commit.Length is not (0 or 40 or 64) || !commit.All(char.IsAsciiHexDigit))
            throw Bad("vcs.commit", "is no hash of a commit: write all 40 digits of it, or 64");
        if (branch.StartsWith(Heads, StringComparison.Ordinal))
            branch = branch[Heads.Length..];
        if (branch.Length > 0 && !IsBranch(branch))
            throw Bad("vcs.branch", "is no name that a branch can have");
        return new GitRevision(commit, branch);
    }

    private static bool IsBranch(string name) =>
        name.Length <= MaxBranchLength && name[0] is not ('-' or '/' or '.') && name[^1] is not ('/' or '.') && !name.EndsWith(".lock", StringComparison.Ordinal)
        && !notInBranches.Any(part => name.Contains(part, StringComparison.Ordinal))
        && name.All(character => character > ' ' && character != '\x7f' && !"~^:?*[\\".Contains(character, StringComparison.Ordinal));

    private static AssetException Bad(string name, string problem) => new(AssetFailure.Unsupported, $"qualifier '{name}' {problem}");
}
