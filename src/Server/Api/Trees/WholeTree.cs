using System.Text;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Wire;

namespace RemoteExec.Server.Api.Trees;

/// <summary>All directories of a tree, valid and in memory; no files. What is wrong with a tree is an <see cref="ApiProblemException"/>.</summary>
/// <param name="self">The digest that it was asked for by.</param>
/// <param name="root">Its root.</param>
/// <param name="directories">The directories below the root.</param>
internal sealed class WholeTree(Digest self, Reapi.Directory root, IReadOnlyDictionary<Digest, Reapi.Directory> directories)
{
    /// <summary>Longer messages are not read.</summary>
    private const int MaxMessageBytes = 64 * 1024 * 1024;

    // A few directories that contain each other often are more files than there is room for anywhere.
    private const int MaxEntries = 1_000_000;
    private const int MaxPathBytes = 4095; // what Linux takes
    private const int NamedAtMost = 10;

    private const int DirectoryMode = 0b111_101_101, ExecutableMode = 0b111_101_101, FileMode = 0b110_100_100, LinkMode = 0b111_111_111, PermissionBits = 0b111_111_111;

    /// <summary>Reads the tree below a directory; null if the directory is not there.</summary>
    /// <exception cref="CasException">The store can't say.</exception>
    public static async Task<WholeTree?> OfDirectoryAsync(IBlobStore cas, Digest digest, CancellationToken cancellationToken)
    {
        Dictionary<Digest, Reapi.Directory> directories = [];
        List<Digest> missing = [];
        try
        {
            await foreach (DirectoryVisit visit in new MerkleTreeWalk().WalkAsync(digest, LoadAsync, cancellationToken))
            {
                if (visit.Directory is null)
                    missing.Add(visit.Digest);
                else
                    directories.Add(visit.Digest, Checked(visit.Directory, visit.Digest));
            }
        }
        catch (TreeTooLargeException exception)
        {
            throw Refused(exception.Message);
        }

        if (!directories.TryGetValue(digest, out Reapi.Directory? root))
            return null;
        return missing.Count == 0 ? new WholeTree(digest, root, directories) : throw Missing(missing, "directories");

        async ValueTask<IReadOnlyList<Reapi.Directory?>> LoadAsync(IReadOnlyList<Digest> digests, CancellationToken token) =>
            await Task.WhenAll(digests.Select(wanted => ReadAsync(cas, wanted, Reapi.Directory.Parser, token)));
    }

    /// <summary>Reads a Tree, or a directory in it; null if it is not there, or has no such directory.</summary>
    /// <param name="cas">Where it is.</param>
    /// <param name="digest">The Tree.</param>
    /// <param name="path">The way from its root, with slashes; empty for the root.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CasException">The store can't say.</exception>
    public static async Task<WholeTree?> OfTreeAsync(IBlobStore cas, Digest digest, string path, CancellationToken cancellationToken)
    {
        if (await ReadAsync(cas, digest, Reapi.Tree.Parser, cancellationToken) is not { Root: { } directory } tree)
            return null;
        if (!TreeValidator.TryValidate(tree, digest, allowAbsoluteTargets: true, out string? error))
            throw Refused($"the tree can't be laid out: {error}");
        Dictionary<Digest, Reapi.Directory> directories = [];
        foreach (Reapi.Directory child in tree.Children)
            directories.TryAdd(digest.SiblingOf(child.ToByteArray()), child);
        foreach (string name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (directory.Directories.FirstOrDefault(node => node.Name == name) is not { } next)
                return null;
            directory = directories[Parse(digest, next.Digest)];
        }

        return new WholeTree(digest, directory, directories);
    }

    /// <summary>Finds out before anything is sent whether all of it can be: that it is not too much, and that the cache has every file.</summary>
    /// <exception cref="CasException">The store can't say.</exception>
    public async Task CheckAsync(IBlobStore cas, CancellationToken cancellationToken)
    {
        int count = 0;
        HashSet<Digest> files = [];
        foreach (TreeEntry entry in Entries())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (++count > MaxEntries)
                throw Refused($"it has more than {MaxEntries} files, directories and symlinks: take a part of it");
            if (Encoding.UTF8.GetByteCount(entry.Path) > MaxPathBytes)
                throw Refused($"it has paths of more than {MaxPathBytes} bytes: take a part of it");
            if (entry.Content is { } content)
                files.Add(content);
        }

        IReadOnlyCollection<Digest> missing = await cas.FindMissingAsync([.. files], cancellationToken);
        if (missing.Count > 0)
            throw Missing(missing, $"of {files.Count} files");
    }

    /// <summary>All that is in it: directories before what they contain, and always in the same order. There may be very many, until <see cref="CheckAsync"/> has said that there are not.</summary>
    public IEnumerable<TreeEntry> Entries()
    {
        var waiting = new Stack<(Reapi.Directory Directory, string Prefix)>();
        waiting.Push((root, ""));
        while (waiting.TryPop(out (Reapi.Directory Directory, string Prefix) next))
        {
            (Reapi.Directory directory, string prefix) = next;
            if (prefix.Length > 0)
                yield return new TreeEntry(prefix[..^1], null, null, DirectoryMode);
            foreach (Reapi.FileNode file in directory.Files)
                yield return new TreeEntry(prefix + file.Name, Parse(self, file.Digest), null, (int?)file.NodeProperties?.UnixMode & PermissionBits ?? (file.IsExecutable ? ExecutableMode : FileMode));
            foreach (Reapi.SymlinkNode link in directory.Symlinks)
                yield return new TreeEntry(prefix + link.Name, null, link.Target, LinkMode);
            foreach (Reapi.DirectoryNode child in directory.Directories.Reverse())
                waiting.Push((directories[Parse(self, child.Digest)], $"{prefix}{child.Name}/"));
        }
    }

    private static async Task<T?> ReadAsync<T>(IBlobStore cas, Digest digest, MessageParser<T> parser, CancellationToken cancellationToken)
        where T : class, IMessage<T>
    {
        try
        {
            return await cas.ReadMessageAsync(digest, parser, MaxMessageBytes, cancellationToken);
        }
        catch (Exception exception) when (exception is BlobTooLargeException || MalformedMessage.IsReason(exception))
        {
            throw Refused($"{Text(digest)} is no {typeof(T).Name}: {exception.Message}");
        }
    }

    private static Reapi.Directory Checked(Reapi.Directory directory, Digest digest) =>
        DirectoryValidator.TryValidate(directory, digest, allowAbsoluteTargets: true, out string? error) ? directory : throw Refused($"directory {Text(digest)} can't be laid out: {error}");

    private static Digest Parse(Digest self, Reapi.Digest digest) =>
        self.TryParseSibling(digest, out Digest parsed, out string? error) ? parsed : throw Refused(error); // directories were checked: none is

    private static ApiProblemException Missing(IReadOnlyCollection<Digest> missing, string of) => new(
        StatusCodes.Status404NotFound,
        $"{missing.Count} {of} are not in the cache any more: {string.Join(", ", missing.Take(NamedAtMost).Select(Text))}{(missing.Count > NamedAtMost ? ", …" : "")}");

    private static ApiProblemException Refused(string why) => new(StatusCodes.Status422UnprocessableEntity, why);

    private static string Text(Digest digest) => $"{digest.Hash}/{digest.SizeBytes}";
}
