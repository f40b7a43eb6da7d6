using RemoteExec.ActionCache;
using RemoteExec.Cas;
using RemoteExec.Cas.Composition;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Wire;
using RemoteExec.Python;
using RemoteExec.Python.Names;
using RemoteExec.Python.Wheels;
using RemoteExec.Server.Cli.Trees;
using RemoteExec.Trees.Stored;

namespace RemoteExec.Server.Cli.Python;

/// <summary>Finds the distributions that are to be put into an index, and has them as files on this machine: what is in the CAS is fetched.</summary>
/// <param name="server">The server.</param>
/// <param name="directory">Where what is fetched goes.</param>
internal sealed class DistributionFiles(TreeServer server, string directory)
{
    private const int MaxTreeBytes = 256 * 1024 * 1024;
    private const int BufferBytes = 256 * 1024;
    private readonly Dictionary<string, Digest> fetched = new(StringComparer.Ordinal);

    /// <summary>The files that paths name: of a directory those in it that are distributions.</summary>
    /// <exception cref="PythonIndexException">One names none.</exception>
    public static IReadOnlyList<string> Local(IEnumerable<string> paths)
    {
        List<string> files = [];
        foreach (string path in paths)
        {
            string[] found = Directory.Exists(path) ? [.. Directory.EnumerateFiles(path).Where(DistributionName.IsMeant).Order(StringComparer.Ordinal)] : [path];
            files.AddRange(found.Length > 0 && File.Exists(found[0]) ? found : throw new PythonIndexException($"'{path}' is no file, and no directory with *.whl or *.tar.gz in it"));
        }

        return files;
    }

    /// <summary>Fetches the distributions in a directory of the CAS and all below it, or the one file that is meant.</summary>
    /// <exception cref="PythonIndexException">There are none.</exception>
    /// <exception cref="CasException">The server can't say.</exception>
    public async Task<IReadOnlyList<string>> InTreeAsync(TreeArgument argument, CancellationToken cancellationToken)
    {
        StoredNode node = await server.FindAsync(argument, cancellationToken);
        IEnumerable<StoredNode> nodes = node.Directory is { } root ? (await StoredTree.LoadAsync(server.Cas, root, cancellationToken)).Nodes() : [node];
        return await FetchAsync(nodes.Where(file => file.File is not null).Select(file => (file.Path, file.File!.Value)), argument.ToString(), cancellationToken);
    }

    /// <summary>The wheel that a directory of the CAS is, unpacked.</summary>
    /// <exception cref="PythonIndexException">It is none.</exception>
    /// <exception cref="CasException">The server can't say.</exception>
    public async Task<LocalDistribution> OfDirectoryAsync(TreeArgument argument, CancellationToken cancellationToken)
    {
        var copies = new LocalCopyStore(server.Cas, Path.Combine(directory, "blobs"), TimeProvider.System);
        return await WheelDirectory.ReadAsync(copies, await server.FindDirectoryAsync(argument, cancellationToken), directory, cancellationToken);
    }

    /// <summary>Fetches the distributions among the outputs of an action.</summary>
    /// <exception cref="PythonIndexException">There are none, or there is no result of it.</exception>
    /// <exception cref="CasException">The server can't say.</exception>
    public async Task<IReadOnlyList<string>> OfActionAsync(Digest action, CancellationToken cancellationToken)
    {
        try
        {
            Reapi.ActionResult result = await new ActionCacheStore(server.Results).GetAsync(action, cancellationToken)
                ?? throw new PythonIndexException($"there is no result of action {action.ToArgument()}: it was not run, or its outputs are gone");
            List<(string Path, Reapi.Digest Digest)> files = [.. result.OutputFiles.Select(file => (file.Path, file.Digest))];
            foreach (Reapi.OutputDirectory output in result.OutputDirectories)
                files.AddRange(await InOutputAsync(action, output, cancellationToken));
            return await FetchAsync(files.Select(file => (file.Path, Sibling(action, file.Digest))), $"the outputs of {action.ToArgument()}", cancellationToken);
        }
        catch (Exception exception) when (MalformedMessage.IsReason(exception))
        {
            throw new PythonIndexException($"the result of action {action.ToArgument()} can't be read: {exception.Message}", exception);
        }
    }

    private async Task<IEnumerable<(string Path, Reapi.Digest Digest)>> InOutputAsync(Digest action, Reapi.OutputDirectory output, CancellationToken cancellationToken)
    {
        if (output.RootDirectoryDigest is { } root)
            return (await StoredTree.LoadAsync(server.Cas, Sibling(action, root), cancellationToken)).Nodes().Where(node => node.File is not null).Select(node => (node.Path, node.File!.Value.ToProto()));
        Reapi.Tree tree = await server.Cas.ReadMessageAsync(Sibling(action, output.TreeDigest), Reapi.Tree.Parser, MaxTreeBytes, cancellationToken)
            ?? throw new PythonIndexException($"the server lacks the output directory '{output.Path}'");
        return tree.Children.Append(tree.Root ?? new Reapi.Directory()).SelectMany(inside => inside.Files).Select(file => (file.Name, file.Digest));
    }

    private async Task<IReadOnlyList<string>> FetchAsync(IEnumerable<(string Path, Digest Digest)> files, string where, CancellationToken cancellationToken)
    {
        List<string> found = [];
        foreach ((string path, Digest digest) in files)
        {
            string name = path.Split('/')[^1];
            if (DistributionName.IsMeant(name))
                found.Add(await FetchAsync(name, digest, cancellationToken));
        }

        return found.Count > 0 ? [.. found.Distinct()] : throw new PythonIndexException($"there is no *.whl and no *.tar.gz in {where}");
    }

    private async Task<string> FetchAsync(string name, Digest digest, CancellationToken cancellationToken)
    {
        string file = Path.Combine(directory, name);
        if (!DistributionName.IsFileName(name))
            throw new PythonIndexException($"'{name}' is no name of a distribution");
        if (!fetched.TryAdd(name, digest))
            return fetched[name] == digest ? file : throw new PythonIndexException($"there are two files {name} with different content: name one of them");
        await using BlobReader reader = await server.Cas.OpenReadAsync(digest, 0, cancellationToken) ?? throw new PythonIndexException($"the server lacks {name}, {digest.ToArgument()}");
        await using FileStream output = File.Create(file);
        byte[] buffer = new byte[BufferBytes];
        for (int read; (read = await reader.ReadAsync(buffer, cancellationToken)) > 0;)
            await output.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        return file;
    }

    private static Digest Sibling(Digest action, Reapi.Digest? digest) =>
        action.TryParseSibling(digest, out Digest parsed, out string? error) ? parsed : throw new PythonIndexException($"the result of action {action.ToArgument()} can't be used: {error}");
}
