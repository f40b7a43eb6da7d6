using Google.Protobuf;
using RemoteExec.Cas;
using RemoteExec.Protocol;

namespace RemoteExec.Worker.Inputs;

/// <summary>An input root as its <c>Directory</c> messages describe it: complete and valid, but for what is noted as missing.</summary>
internal sealed class InputTree
{
    private readonly Dictionary<Digest, Reapi.Directory> directories = [];

    private InputTree(Digest root) => Root = root;

    /// <summary>The digest of the root directory.</summary>
    public Digest Root { get; }

    /// <summary>All distinct directories.</summary>
    public IEnumerable<Reapi.Directory> Directories => directories.Values;

    /// <summary>The directory with a digest that occurs in the tree.</summary>
    public Reapi.Directory this[Digest digest] => directories[digest];

    /// <summary>
    /// Throws if laying out the tree takes more than so many files, directories and symlinks. A directory may occur in many places, so only walking
    /// all of them tells.
    /// </summary>
    /// <exception cref="InvalidActionException">It does.</exception>
    public void CheckSize(int maxNodes)
    {
        int nodes = 0;
        var todo = new Stack<Digest>();
        todo.Push(Root);
        while (todo.TryPop(out Digest digest))
        {
            Reapi.Directory directory = directories[digest];
            nodes += 1 + directory.Files.Count + directory.Symlinks.Count;
            if (nodes > maxNodes)
                throw new InvalidActionException($"the input root has more than {maxNodes} files, directories and symlinks");
            foreach (Reapi.DirectoryNode child in directory.Directories)
                todo.Push(DigestOf(child.Digest));
        }
    }

    /// <summary>A digest that occurs in the tree.</summary>
    public Digest DigestOf(Reapi.Digest digest) =>
        Root.TryParseSibling(digest, out Digest parsed, out string? error) ? parsed : throw new InvalidActionException(error);

    /// <summary>Reads a tree; what the CAS lacks of it is added to <paramref name="missing"/>.</summary>
    /// <exception cref="InvalidActionException">
    /// A directory is none, or breaks a rule (DIR-01 to DIR-08, SYM-01, SYM-02), or the tree is too large.
    /// </exception>
    public static async Task<InputTree> LoadAsync(
        IBlobStore cas, Digest root, bool allowAbsoluteSymlinks, ICollection<Digest> missing, CancellationToken cancellationToken)
    {
        var tree = new InputTree(root);
        try
        {
            await foreach (DirectoryVisit visit in new MerkleTreeWalk().WalkAsync(root, LoadBatchAsync, cancellationToken))
            {
                if (visit.Directory is null)
                    missing.Add(visit.Digest);
                else if (!DirectoryValidator.TryValidate(visit.Directory, visit.Digest, allowAbsoluteSymlinks, out string? error))
                    throw new InvalidActionException($"input directory {visit.Digest}: {error}");
                else
                    tree.directories.Add(visit.Digest, visit.Directory);
            }
        }
        catch (TreeTooLargeException exception)
        {
            throw new InvalidActionException(exception.Message);
        }

        return tree;

        async ValueTask<IReadOnlyList<Reapi.Directory?>> LoadBatchAsync(IReadOnlyList<Digest> digests, CancellationToken cancellation) =>
            digests.Count == 1
                ? [await BlobMessages.ReadAsync(cas, digests[0], Reapi.Directory.Parser, "directory", cancellation)]
                : await Task.WhenAll(digests.Select(digest =>
                    BlobMessages.ReadAsync(cas, digest, Reapi.Directory.Parser, "directory", cancellation).AsTask()));
    }
}
