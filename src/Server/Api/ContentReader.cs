using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using RemoteExec.ActionCache;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Wire;

namespace RemoteExec.Server.Api;

/// <summary>Reads actions, directories and trees, as people look at them.</summary>
/// <param name="cas">Where they are.</param>
/// <param name="results">The cached results.</param>
internal sealed class ContentReader(IBlobStore cas, IActionCache results)
{
    private const int MaxMessageBytes = 64 * 1024 * 1024; // a larger one is not for looking at

    /// <summary>An action, its command and its cached result; null if there is nothing of it.</summary>
    /// <exception cref="CasException">The store can't say.</exception>
    public async Task<ActionView?> ReadActionAsync(Digest digest, CancellationToken cancellationToken)
    {
        Reapi.Action? action = await ReadAsync(digest, Reapi.Action.Parser, cancellationToken);
        CachedResult? result = await results.FindAsync(digest, cancellationToken);
        if (action is null && result is null)
            return null;
        Reapi.Command? command = action?.CommandDigest is { } wanted && digest.TryParseSibling(wanted, out Digest commandDigest, out _)
            ? await ReadAsync(commandDigest, Reapi.Command.Parser, cancellationToken)
            : null;
        return new ActionView($"{digest.Hash}/{digest.SizeBytes}", action is null ? null : ToContent(action), command is null ? null : ToContent(command), result is null ? null : ToContent(result.Parse()));
    }

    /// <summary>A directory; null if it is not there.</summary>
    /// <exception cref="CasException">The store can't say.</exception>
    public async Task<DirectoryView?> ReadDirectoryAsync(Digest digest, CancellationToken cancellationToken) =>
        await ReadAsync(digest, Reapi.Directory.Parser, cancellationToken) is { } directory ? ToView(directory, $"{digest.Hash}/{digest.SizeBytes}") : null;

    /// <summary>A directory of a Tree; null if the tree is not there, or has no such directory.</summary>
    /// <param name="digest">The tree.</param>
    /// <param name="path">The way from its root, with slashes; empty for the root.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CasException">The store can't say.</exception>
    public async Task<DirectoryView?> ReadTreeAsync(Digest digest, string path, CancellationToken cancellationToken)
    {
        if (await ReadAsync(digest, Reapi.Tree.Parser, cancellationToken) is not { Root: { } directory } tree)
            return null;
        foreach (string name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (directory.Directories.FirstOrDefault(node => node.Name == name)?.Digest is not { } next
                || tree.Children.FirstOrDefault(child => digest.SiblingOf(child.ToByteArray()).ToProto().Equals(next)) is not { } child)
                return null;
            directory = child;
        }

        return ToView(directory, digest: null);
    }

    // What is no such message was not meant: as if it were not there.
    private async Task<T?> ReadAsync<T>(Digest digest, MessageParser<T> parser, CancellationToken cancellationToken)
        where T : class, IMessage<T>
    {
        if (digest.SizeBytes > MaxMessageBytes)
            return null;
        try
        {
            return await cas.ReadAllAsync(digest, MaxMessageBytes, cancellationToken) is { } content ? parser.ParseFrom(content) : null;
        }
        catch (Exception exception) when (MalformedMessage.IsReason(exception))
        {
            return null;
        }
    }

#pragma warning disable CS0612 // older clients use what is obsolete
    private static ActionContent ToContent(Reapi.Action action) => new(
        ToText(action.CommandDigest)!,
        ToText(action.InputRootDigest)!,
        WireTime.Read(action.Timeout)?.TotalSeconds,
        action.DoNotCache,
        action.Salt.IsEmpty ? null : Convert.ToHexStringLower(action.Salt.Span),
        ToList(action.Platform));

    private static CommandContent ToContent(Reapi.Command command) => new(
        command.Arguments,
        [.. command.EnvironmentVariables.Select(variable => new NameValue(variable.Name, variable.Value))],
        command.WorkingDirectory,
        command.OutputPaths.Count > 0 ? command.OutputPaths : [.. command.OutputFiles, .. command.OutputDirectories],
        ToList(command.Platform));

    private static ResultContent ToContent(Reapi.ActionResult result) => new(
        result.ExitCode,
        [.. result.OutputFiles.Select(file => new OutputFileContent(file.Path, ToText(file.Digest)!, file.IsExecutable))],
        [.. result.OutputDirectories.Select(directory => new OutputDirectoryContent(directory.Path, ToText(directory.TreeDigest)!))],
        [.. result.OutputSymlinks.Concat(result.OutputFileSymlinks).Concat(result.OutputDirectorySymlinks).Select(link => new OutputSymlinkContent(link.Path, link.Target))],
        ToText(result.StdoutDigest),
        ToText(result.StderrDigest),
        result.StdoutRaw.IsEmpty ? null : result.StdoutRaw.ToStringUtf8(),
        result.StderrRaw.IsEmpty ? null : result.StderrRaw.ToStringUtf8(),
        result.ExecutionMetadata is { } metadata ? ToContent(metadata) : null);

#pragma warning restore CS0612

    private static ExecutionContent ToContent(Reapi.ExecutedActionMetadata metadata) => new(
        metadata.Worker,
        ToTime(metadata.QueuedTimestamp),
        ToTime(metadata.WorkerStartTimestamp),
        ToTime(metadata.InputFetchStartTimestamp),
        ToTime(metadata.InputFetchCompletedTimestamp),
        ToTime(metadata.ExecutionStartTimestamp),
        ToTime(metadata.ExecutionCompletedTimestamp),
        ToTime(metadata.OutputUploadStartTimestamp),
        ToTime(metadata.OutputUploadCompletedTimestamp),
        ToTime(metadata.WorkerCompletedTimestamp));

    private static DirectoryView ToView(Reapi.Directory directory, string? digest) => new(
        digest,
        [.. directory.Files.Select(file => new FileEntry(file.Name, ToText(file.Digest)!, file.IsExecutable))],
        [.. directory.Directories.Select(child => new DirectoryEntry(child.Name, ToText(child.Digest)!))],
        [.. directory.Symlinks.Select(link => new SymlinkEntry(link.Name, link.Target))]);

    private static IReadOnlyList<NameValue> ToList(Reapi.Platform? platform) => [.. platform?.Properties.Select(property => new NameValue(property.Name, property.Value)) ?? []];

    private static string? ToText(Reapi.Digest? digest) => digest is null || digest.Hash.Length == 0 ? null : $"{digest.Hash}/{digest.SizeBytes}";

    private static DateTimeOffset? ToTime(Timestamp? timestamp) => WireTime.Read(timestamp);
}
