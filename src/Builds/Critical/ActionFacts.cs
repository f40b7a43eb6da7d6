using Google.Protobuf;
using RemoteExec.ActionCache;
using RemoteExec.Builds.Explain;
using RemoteExec.Builds.Records;
using RemoteExec.Cas;
using RemoteExec.Protocol;

namespace RemoteExec.Builds.Critical;

/// <summary>What is to be known of an action: what it takes, what it makes, and how long it runs.</summary>
/// <param name="Milliseconds">How long; -1 if that is not known.</param>
/// <param name="InputRoot">What it takes; null if that is not known.</param>
/// <param name="Outputs">What it makes, by <see cref="OutputKey"/>; empty if it has no result.</param>
internal sealed record ActionFacts(long Milliseconds, Digest? InputRoot, IReadOnlyList<UInt128> Outputs)
{
    private const int MaxTreeBytes = 64 * 1024 * 1024;

    /// <summary>Reads them.</summary>
    /// <exception cref="CasException">Storage failed.</exception>
    public static async Task<ActionFacts> ReadAsync(IBlobStore cas, IActionCache results, ActionDelta action, int mostOutputs, CancellationToken cancellationToken)
    {
        Reapi.Action? content = await ActionContent.ReadAsync(cas, action.Digest, Reapi.Action.Parser, ActionContent.MaxActionBytes, cancellationToken);
        Digest? root = content is not null && action.Digest.TryParseSibling(content.InputRootDigest, out Digest inputs, out _) ? inputs : null;
        List<UInt128> outputs = [];
        if (await results.FindAsync(action.Digest, cancellationToken) is { } found)
            await AddAsync(outputs, cas, action.Digest, found.Parse(), mostOutputs, cancellationToken);
        return new ActionFacts(TimeOf(action), root, outputs);
    }

    // Of an action that the client ran it is known when it asked for the result and when it stored it.
    private static long TimeOf(in ActionDelta action) =>
        action.Run >= 0 ? action.Run : action.Flags.ToOutcome() == ActionOutcome.Stored ? action.Last - action.First : -1;

    private static async Task AddAsync(List<UInt128> outputs, IBlobStore cas, Digest action, Reapi.ActionResult result, int most, CancellationToken cancellationToken)
    {
        foreach (Reapi.OutputFile file in result.OutputFiles.Take(most))
        {
            if (action.TryParseSibling(file.Digest, out Digest digest, out _))
                Add(outputs, OutputKey.OfFile(digest, file.Path[(file.Path.LastIndexOf('/') + 1)..]));
        }

        foreach (Reapi.OutputDirectory directory in result.OutputDirectories)
        {
            if (outputs.Count < most && action.TryParseSibling(directory.TreeDigest, out Digest digest, out _)
                && await ActionContent.ReadAsync(cas, digest, Reapi.Tree.Parser, MaxTreeBytes, cancellationToken) is { Root: { } root } tree)
                AddTree(outputs, digest, [root, .. tree.Children], most);
        }
    }

    private static void AddTree(List<UInt128> outputs, Digest tree, IEnumerable<Reapi.Directory> directories, int most)
    {
        foreach (Reapi.Directory directory in directories)
        {
            if (outputs.Count >= most)
                return;
            Add(outputs, OutputKey.OfDirectory(tree.SiblingOf(directory.ToByteArray())));
            foreach (Reapi.FileNode file in directory.Files)
            {
                if (tree.TryParseSibling(file.Digest, out Digest digest, out _))
                    Add(outputs, OutputKey.OfFile(digest, file.Name));
            }
        }
    }

    private static void Add(List<UInt128> outputs, UInt128? key)
    {
        if (key is { } known)
            outputs.Add(known);
    }
}
