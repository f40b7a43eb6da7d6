using System.Diagnostics.CodeAnalysis;
using RemoteExec.Protocol;

namespace RemoteExec.ActionCache;

/// <summary>The digests that an action result names itself; what its trees name in turn is for <see cref="ResultCompleteness"/> to find.</summary>
public sealed partial class ActionResultRefs
{
    private ActionResultRefs(IReadOnlyCollection<Digest> all, IReadOnlyList<Digest> trees, IReadOnlyList<Digest> rootDirectories, bool hasOutput)
    {
        All = all;
        Trees = trees;
        RootDirectories = rootDirectories;
        HasOutput = hasOutput;
    }

    /// <summary>All of them: output files, stdout and stderr, trees and root directories.</summary>
    public IReadOnlyCollection<Digest> All { get; }

    /// <summary>Output directories as <c>Tree</c> messages.</summary>
    public IReadOnlyList<Digest> Trees { get; }

    /// <summary>Output directories as hierarchies of <c>Directory</c> messages.</summary>
    public IReadOnlyList<Digest> RootDirectories { get; }

    /// <summary>True if there is a digest of stdout or stderr.</summary>
    public bool HasOutput { get; }

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

        Digest[] all = [.. blobs, .. trees, .. rootDirectories];
        refs = new ActionResultRefs(all, trees, rootDirectories, (result.StdoutDigest ?? result.StderrDigest) is not null);
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
