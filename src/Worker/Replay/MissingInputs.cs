using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Worker.Inputs;

namespace RemoteExec.Worker.Replay;

/// <summary>What the server lacks of an action, by its paths.</summary>
/// <param name="cas">What is left.</param>
/// <param name="digest">The action's digest.</param>
/// <param name="action">The action.</param>
/// <param name="missing">What is missing.</param>
internal sealed class MissingInputs(IBlobStore cas, Digest digest, Reapi.Action action, IReadOnlyCollection<Digest> missing)
{
    private const int MostNamed = 20;
    private readonly HashSet<Digest> missing = [.. missing];
    private readonly List<string> found = [];
    private readonly HashSet<Digest> seen = [];

    /// <summary>Says it in a few lines.</summary>
    public async Task<string> TellAsync(CancellationToken cancellationToken)
    {
        Note(action.CommandDigest, "its command");
        await WalkAsync(action.InputRootDigest, "", cancellationToken);
        foreach (Reapi.Platform.Types.Property property in action.Platform?.Properties.Where(property => property.Name == SandboxProperties.RootFileSystem) ?? [])
        {
            if (ActionPlatform.Parse(action.Platform, digest).RootFileSystem is { } image)
                await WalkAsync(image.ToProto(), $"{property.Name}:/", cancellationToken);
        }

        string more = found.Count > MostNamed ? $"\n  and {found.Count - MostNamed} more" : "";
        string names = found.Count == 0 ? $" {string.Join(", ", missing.Select(blob => blob.ToArgument()))}" : string.Concat(found.Take(MostNamed).Select(name => $"\n  {name}")) + more;
        return $"the server lacks some of what action {digest.ToArgument()} needs (any more); build it again to have it uploaded:{names}";
    }

    private async Task WalkAsync(Reapi.Digest root, string prefix, CancellationToken cancellationToken)
    {
        var todo = new Queue<(Reapi.Digest Digest, string Path)>([(root, prefix)]);
        while (todo.TryDequeue(out (Reapi.Digest Digest, string Path) next))
        {
            if (Note(next.Digest, next.Path.Length == 0 ? "its input root" : next.Path) || !digest.TryParseSibling(next.Digest, out Digest parsed, out _) || !seen.Add(parsed))
                continue;
            if (await BlobMessages.ReadAsync(cas, parsed, Reapi.Directory.Parser, "directory", cancellationToken) is not { } directory)
                continue;
            foreach (Reapi.FileNode file in directory.Files)
                Note(file.Digest, next.Path + file.Name);
            foreach (Reapi.DirectoryNode child in directory.Directories)
                todo.Enqueue((child.Digest, $"{next.Path}{child.Name}/"));
        }
    }

    private bool Note(Reapi.Digest? blob, string path)
    {
        if (!digest.TryParseSibling(blob, out Digest parsed, out _) || !missing.Contains(parsed))
            return false;
        found.Add($"{path} ({parsed.Hash}/{parsed.SizeBytes})");
        return true;
    }
}
