using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using RemoteExec.Cas;
using RemoteExec.Protocol;

namespace RemoteExec.Builds.Explain.Logs;

/// <summary>Makes of a logged action the messages that a client would have uploaded: those of files only by their digests.</summary>
internal static class SpawnAction
{
    private static readonly Digest any = IncrementalHasher.Compute(default, DigestFunction.Sha256, []);

    /// <summary>Stores the action, its command and the directories of its inputs, and returns the action's digest.</summary>
    public static async Task<Digest> StoreAsync(IBlobStore store, LoggedSpawn spawn, CancellationToken cancellationToken)
    {
        MerkleTree tree = TreeOf(spawn);
        foreach ((Digest digest, ReadOnlyMemory<byte> content) in tree.Blobs)
            await store.WriteAllAsync(digest, content, cancellationToken);
        var command = new Reapi.Command
        {
            Arguments = { spawn.CommandArgs },
            EnvironmentVariables = { spawn.EnvironmentVariables.Select(variable => new Reapi.Command.Types.EnvironmentVariable { Name = variable.Name, Value = variable.Value }) },
            OutputPaths = { spawn.ListedOutputs },
        };
        var action = new Reapi.Action
        {
            CommandDigest = (await store.StoreAsync(any, command.ToByteArray(), cancellationToken)).ToProto(),
            InputRootDigest = tree.RootDigest.ToProto(),
            Timeout = spawn.TimeoutMillis == 0 ? null : Duration.FromTimeSpan(TimeSpan.FromMilliseconds(spawn.TimeoutMillis)),
            Platform = new Reapi.Platform
            {
                Properties = { (spawn.Platform?.Properties ?? []).Select(property => new Reapi.Platform.Types.Property { Name = property.Name, Value = property.Value }) },
            },
        };
        return await store.StoreAsync(any, action.ToByteArray(), cancellationToken);
    }

    private static MerkleTree TreeOf(LoggedSpawn spawn)
    {
        var tree = new MerkleTreeBuilder(any.Instance, any.Function);
        var taken = new HashSet<string>(StringComparer.Ordinal);
        foreach (LoggedSpawn.Input input in spawn.Inputs.OrderBy(input => input.Path, StringComparer.Ordinal))
        {
            string path = string.Join('/', input.Path.Split('/').Where(segment => segment is not ("" or "." or "..")));
            if (path.Length == 0 || !taken.Add(path) || Parents(path).Any(taken.Contains))
                continue; // a directory that is listed with what is in it
            if (input.SymlinkTargetPath is { Length: > 0 } target)
                tree.AddSymlink(path, target);
            else if (input.Digest is { } content && Digest.TryParse(any.Instance, DigestFunction.Unknown, content.Hash, content.SizeBytes, out Digest digest, out _))
                tree.AddFile(path, digest, isExecutable: true, input.IsTool ? ToolProperty.Mark : null);
            else
                taken.Remove(path);
        }

        return tree.Build();
    }

    private static IEnumerable<string> Parents(string path)
    {
        for (int slash = path.LastIndexOf('/'); slash > 0; slash = path.LastIndexOf('/', slash - 1))
            yield return path[..slash];
    }
}
