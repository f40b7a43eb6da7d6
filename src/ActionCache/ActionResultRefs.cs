using System.Diagnostics.CodeAnalysis;
using RemoteExec.Protocol;

namespace RemoteExec.ActionCache;

/// <summary>The digests that an action result names itself; what its trees name in turn is for <see cref="ResultCompleteness"/> to find.</summary>
/// <param name="Blobs">Output files, stdout and stderr: what refers to nothing further.</param>
/// <param name="Trees">Output directories as <c>Tree</c> messages.</param>
/// <param name="RootDirectories">Output directories as hierarchies of <c>Directory</c> messages.</param>
public sealed record ActionResultRefs(
    IReadOnlyList<Digest> Blobs, IReadOnlyList<Digest> Trees, IReadOnlyList<Digest> RootDirectories)
{
    /// <summary>All of them.</summary>
    public IEnumerable<Digest> All => [.. Blobs, .. Trees, .. RootDirectories];

    /// <summary>
    /// Collects them. Data that is inlined and has no digest needs no copy in the CAS (AC-02). On failure <paramref name="error"/> says in a
    /// sentence which digest is missing or malformed.
    /// </summary>
    /// <param name="result">The result.</param>
    /// <param name="action">The action's digest: what is stored for an action uses its instance and its function (DIG-10).</param>
    /// <param name="refs">Null on failure.</param>
    /// <param name="error">Null on success.</param>
    public static bool TryCollect(
        Reapi.ActionResult result, Digest action, [NotNullWhen(true)] out ActionResultRefs? refs, [NotNullWhen(false)] out string? error)
    {
        refs = null;
        error = null;
        List<Digest> blobs = [], trees = [], rootDirectories = [];
        foreach (Reapi.OutputFile file in result.OutputFiles)
        {
            if ((file.Digest is not null || file.Contents.IsEmpty) && !TryAdd(blobs, file.Digest, action, $"output file '{file.Path}'", out error))
                return false;
        }

        foreach (Reapi.OutputDirectory directory in result.OutputDirectories)
        {
            string name = $"output directory '{directory.Path}'";
            if (directory.TreeDigest is null && directory.RootDirectoryDigest is null)
                error = $"{name}: a digest is missing";
            if (error is not null
                || (directory.TreeDigest is { } tree && !TryAdd(trees, tree, action, name, out error))
                || (directory.RootDirectoryDigest is { } root && !TryAdd(rootDirectories, root, action, name, out error)))
                return false;
        }

        if ((result.StdoutDigest is { } stdout && !TryAdd(blobs, stdout, action, "stdout_digest", out error))
            || (result.StderrDigest is { } stderr && !TryAdd(blobs, stderr, action, "stderr_digest", out error)))
            return false;

        refs = new ActionResultRefs(blobs, trees, rootDirectories);
        return true;
    }

    private static bool TryAdd(List<Digest> list, Reapi.Digest? digest, Digest action, string name, [NotNullWhen(false)] out string? error)
    {
        if (action.TryParseSibling(digest, out Digest parsed, out string? problem))
        {
            list.Add(parsed);
            error = null;
            return true;
        }

        error = $"{name}: {problem}";
        return false;
    }
}
