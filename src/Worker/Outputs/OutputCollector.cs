using System.Globalization;
using RemoteExec.Native;
using RemoteExec.Protocol;
using RemoteExec.Worker.Inputs;

namespace RemoteExec.Worker.Outputs;

/// <summary>
/// Takes what an action left at the places of its declared outputs into an <c>ActionResult</c>; all else is dropped (OUT-05). To be used after all
/// processes of the action have ended, so that nothing changes what is looked at. Symlinks are recorded, never followed to outside the root.
/// </summary>
/// <param name="root">The root that the action has left.</param>
/// <param name="command">The command that ran.</param>
/// <param name="blobs">Takes the content.</param>
/// <param name="allowAbsoluteSymlinks">False where the advertised strategy is DISALLOWED (SYM-02).</param>
/// <param name="limits">What there may be.</param>
internal sealed class OutputCollector(OutputRoot root, ActionCommand command, OutputBlobs blobs, bool allowAbsoluteSymlinks, OutputLimits limits)
{
    private readonly OutputNodes nodes = new(root, command, allowAbsoluteSymlinks);

    /// <summary>
    /// Adds the outputs that exist to a result; those that don't are left out (OUT-04). What can't be an output is left out too and described in
    /// the answer, one sentence each; if there is more than there may be, so is all.
    /// </summary>
    public async Task<IReadOnlyList<string>> CollectAsync(Reapi.ActionResult result, CancellationToken cancellationToken)
    {
        var problems = new List<string>();
        IReadOnlyList<FoundOutput> outputs;
        try
        {
            outputs = FindAll(problems, cancellationToken);
        }
        catch (TooManyOutputsException exception)
        {
            return [.. problems, exception.Message];
        }

        IReadOnlyDictionary<string, Digest> digests = await blobs.AddFilesAsync([.. outputs.SelectMany(output => output.Files)], cancellationToken);
        foreach (FoundOutput output in outputs)
            Add(output, digests, result);
        return problems;
    }

    /// <summary>Finds the outputs that exist, and describes what can't be one.</summary>
    /// <exception cref="TooManyOutputsException">There is more than there may be.</exception>
    public IReadOnlyList<FoundOutput> FindAll(List<string> problems, CancellationToken cancellationToken)
    {
        var tally = new OutputTally(limits);
        var found = new List<FoundOutput>();
        foreach (DeclaredOutput output in command.Outputs)
        {
            try
            {
                if (Find(output, tally, cancellationToken) is { } one)
                    found.Add(one);
            }
            catch (Exception exception) when (exception is BadOutputException or NativeException { Error: Libc.ENAMETOOLONG })
            {
                problems.Add($"output '{output.Path}': {exception.Message}");
            }
        }

        return found;
    }

    private FoundOutput? Find(DeclaredOutput output, OutputTally tally, CancellationToken cancellationToken)
    {
        string path = PathInRoot.Resolve(root.Path, $"{command.WorkingDirectory}/{output.Path}", followLast: false, root.SeenAs)
            ?? throw new BadOutputException("it lies behind a symlink that leads out of the input root");
        if (root.StatusOf(path) is not { } status)
            return null;
        tally.Add(output.Path, status);
        var node = new FoundNode(path, "", status);
        switch (status.Kind)
        {
            case FileKind.Symlink:
                return FindSymlink(output, node);
            case FileKind.File:
                Expect(output, DeclaredOutput.Kinds.File, "a file");
                return new FoundOutput(output, node);
            case FileKind.Directory:
                Expect(output, DeclaredOutput.Kinds.Directory, "a directory");
                return new FoundOutput(output, node) { Content = new TreeScan(nodes, tally).Scan(node, cancellationToken) };
            default:
                throw OutputNodes.Special(path);
        }
    }

    private FoundOutput FindSymlink(DeclaredOutput output, FoundNode node)
    {
        // What the link leads to decides in which of the older lists it stands; a dangling one stands for a file (SYM-04).
        FileStatus? leadsTo = FollowedStatusOf(node.Path);
        bool leadsToDirectory = leadsTo is { Kind: FileKind.Directory };
        if (leadsToDirectory)
            Expect(output, DeclaredOutput.Kinds.Directory, "a symlink to a directory");
        else if (leadsTo is not null)
            Expect(output, DeclaredOutput.Kinds.File, "a symlink to a file");
        return new FoundOutput(output, node with { Target = nodes.TargetOf(node.Path) }) { LeadsToDirectory = leadsToDirectory };
    }

    private static void Expect(DeclaredOutput output, DeclaredOutput.Kinds found, string description)
    {
        if (output.Kind != DeclaredOutput.Kinds.Any && output.Kind != found)
            throw new BadOutputException(string.Create(CultureInfo.InvariantCulture, $"it is {description}, but was declared as a {output.Kind}"));
    }

    private void Add(FoundOutput output, IReadOnlyDictionary<string, Digest> digests, Reapi.ActionResult result)
    {
        FoundNode node = output.Found;
        switch (node.Status.Kind)
        {
            case FileKind.Symlink:
                AddSymlink(output, result);
                break;
            case FileKind.Directory:
                result.OutputDirectories.Add(AddTree(output, digests));
                break;
            default:
                result.OutputFiles.Add(new Reapi.OutputFile
                {
                    Path = output.Declared.Path,
                    Digest = digests[node.Path].ToProto(),
                    IsExecutable = node.Status.IsExecutable,
                    NodeProperties = nodes.PropertiesOf(node.Status),
                });
                break;
        }
    }

    private void AddSymlink(FoundOutput output, Reapi.ActionResult result)
    {
        DeclaredOutput declared = output.Declared;
        var link = new Reapi.OutputSymlink { Path = declared.Path, Target = output.Found.Target, NodeProperties = nodes.PropertiesOf(output.Found.Status) };
        if (declared.Kind == DeclaredOutput.Kinds.Any)
            result.OutputSymlinks.Add(link);
#pragma warning disable CS0612 // deprecated in the API, but all that older clients read (OUT-02)
        (output.LeadsToDirectory || declared.Kind == DeclaredOutput.Kinds.Directory ? result.OutputDirectorySymlinks : result.OutputFileSymlinks).Add(link);
#pragma warning restore CS0612
    }

    // Where the action saw its root elsewhere, the kernel would take its absolute links for paths of the worker's. What leads out of the root is then nothing.
    private FileStatus? FollowedStatusOf(string path)
    {
        try
        {
            if (root.Path == root.SeenAs)
                return FileStatus.Of(path, followLast: true);
        }
        catch (NativeException)
        {
            return null; // it leads to where the worker may not look, such as the root of another process
        }

        return PathInRoot.Resolve(root.Path, Path.GetRelativePath(root.Path, path), followLast: true, root.SeenAs) is { } inside ? FileStatus.Of(inside) : null;
    }

    private Reapi.OutputDirectory AddTree(FoundOutput found, IReadOnlyDictionary<string, Digest> digests)
    {
        MerkleTree tree = TreeOf(found, digests);
        var output = new Reapi.OutputDirectory { Path = found.Declared.Path, TreeDigest = blobs.Add(tree.ToTree()).ToProto(), IsTopologicallySorted = true };
        if (command.StoresDirectories)
        {
            foreach ((Digest digest, ReadOnlyMemory<byte> encoded) in tree.Blobs)
                blobs.Add(digest, encoded);
            output.RootDirectoryDigest = tree.RootDigest.ToProto();
        }

        return output;
    }

    // A tree of Directory messages (OUT-06).
    private MerkleTree TreeOf(FoundOutput found, IReadOnlyDictionary<string, Digest> digests)
    {
        MerkleTreeBuilder tree = blobs.NewTree();
        tree.AddDirectory("", nodes.PropertiesOf(found.Found.Status));
        foreach (FoundNode node in found.Content)
        {
            Reapi.NodeProperties? properties = nodes.PropertiesOf(node.Status);
            if (node.Status.Kind == FileKind.Directory)
                tree.AddDirectory(node.Relative, properties);
            else if (node.Target is { } target)
                tree.AddSymlink(node.Relative, target, properties);
            else
                tree.AddFile(node.Relative, digests[node.Path], node.Status.IsExecutable, properties);
        }

        return tree.Build();
    }
}
