using System.Globalization;
using RemoteExec.Protocol;
using RemoteExec.Worker.Inputs;
using RemoteExec.Worker.Native;

namespace RemoteExec.Worker.Outputs;

/// <summary>
/// Takes what an action left at the places of its declared outputs into an <c>ActionResult</c>; all else is dropped (OUT-05). To be used after all
/// processes of the action have ended, so that nothing changes what is looked at. Symlinks are recorded, never followed to outside the root.
/// </summary>
/// <param name="directory">The action's directory.</param>
/// <param name="command">The command that ran.</param>
/// <param name="blobs">Takes the content.</param>
/// <param name="allowAbsoluteSymlinks">False where the advertised strategy is DISALLOWED (SYM-02).</param>
internal sealed class OutputCollector(ActionDirectory directory, ActionCommand command, OutputBlobs blobs, bool allowAbsoluteSymlinks)
{
    private readonly OutputNodes nodes = new(directory.Root, command, allowAbsoluteSymlinks);

    /// <summary>
    /// Adds the outputs that exist to a result; those that don't are left out (OUT-04). What can't be an output is left out too and described in
    /// the answer, one sentence each.
    /// </summary>
    public async Task<IReadOnlyList<string>> CollectAsync(Reapi.ActionResult result, CancellationToken cancellationToken)
    {
        var problems = new List<string>();
        foreach (DeclaredOutput output in command.Outputs)
        {
            try
            {
                await CollectAsync(output, result, cancellationToken);
            }
            catch (Exception exception) when (exception is BadOutputException or NativeException { Error: Libc.ENAMETOOLONG })
            {
                problems.Add($"output '{output.Path}': {exception.Message}");
            }
        }

        return problems;
    }

    private async Task CollectAsync(DeclaredOutput output, Reapi.ActionResult result, CancellationToken cancellationToken)
    {
        string path = PathInRoot.Resolve(directory.Root, $"{command.WorkingDirectory}/{output.Path}", followLast: false)
            ?? throw new BadOutputException("it lies behind a symlink that leads out of the input root");
        if (FileStatus.Of(path) is not { } status)
            return;
        switch (status.Kind)
        {
            case FileKind.Symlink:
                AddSymlink(output, path, status, result);
                break;
            case FileKind.File:
                Expect(output, DeclaredOutput.Kinds.File, "a file");
                result.OutputFiles.Add(new Reapi.OutputFile
                {
                    Path = output.Path,
                    Digest = (await blobs.AddFileAsync(path, status, cancellationToken)).ToProto(),
                    IsExecutable = status.IsExecutable,
                    NodeProperties = nodes.PropertiesOf(status),
                });
                break;
            case FileKind.Directory:
                Expect(output, DeclaredOutput.Kinds.Directory, "a directory");
                MerkleTree tree = await new TreeBuilder(blobs, nodes).BuildAsync(path, cancellationToken);
                result.OutputDirectories.Add(AddTree(output.Path, tree));
                break;
            default:
                throw OutputNodes.Special(path);
        }
    }

    private static void Expect(DeclaredOutput output, DeclaredOutput.Kinds found, string description)
    {
        if (output.Kind != DeclaredOutput.Kinds.Any && output.Kind != found)
            throw new BadOutputException(string.Create(CultureInfo.InvariantCulture, $"it is {description}, but was declared as a {output.Kind}"));
    }

    private void AddSymlink(DeclaredOutput output, string path, FileStatus status, Reapi.ActionResult result)
    {
        // What the link leads to decides in which of the older lists it stands; a dangling one stands for a file (SYM-04).
        FileStatus? leadsTo = FileStatus.Of(path, followLast: true);
        bool leadsToDirectory = leadsTo is { Kind: FileKind.Directory };
        if (leadsToDirectory)
            Expect(output, DeclaredOutput.Kinds.Directory, "a symlink to a directory");
        else if (leadsTo is not null)
            Expect(output, DeclaredOutput.Kinds.File, "a symlink to a file");

        var link = new Reapi.OutputSymlink { Path = output.Path, Target = nodes.TargetOf(path), NodeProperties = nodes.PropertiesOf(status) };
        if (output.Kind == DeclaredOutput.Kinds.Any)
            result.OutputSymlinks.Add(link);
#pragma warning disable CS0612 // deprecated in the API, but all that older clients read (OUT-02)
        (leadsToDirectory || output.Kind == DeclaredOutput.Kinds.Directory ? result.OutputDirectorySymlinks : result.OutputFileSymlinks).Add(link);
#pragma warning restore CS0612
    }

    private Reapi.OutputDirectory AddTree(string path, MerkleTree tree)
    {
        var output = new Reapi.OutputDirectory { Path = path, TreeDigest = blobs.Add(tree.ToTree()).ToProto(), IsTopologicallySorted = true };
        if (command.StoresDirectories)
        {
            foreach ((Digest digest, ReadOnlyMemory<byte> encoded) in tree.Blobs)
                blobs.Add(digest, encoded);
            output.RootDirectoryDigest = tree.RootDigest.ToProto();
        }

        return output;
    }
}
