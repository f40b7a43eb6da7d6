using System.Globalization;
using System.Runtime.CompilerServices;
using Google.Protobuf;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Wire;
using RemoteExec.Rpc;

namespace RemoteExec.Cas.Services;

/// <summary>
/// The answers of GetTree: all directories below a root, in pages. A page's token names the directory that the next page begins with, by its place in
/// the walk and its hash; so any server can continue from it, and a tree that changed since (a directory came or went) is noticed.
/// </summary>
/// <param name="cas">Where the directories are.</param>
/// <param name="limits">How long they may be, and a page.</param>
/// <param name="reserveAsync">Takes so much memory for what is loaded at a time.</param>
internal sealed class TreePages(IBlobStore cas, CasLimits limits, Func<long, ValueTask> reserveAsync)
{
    private const int ParsedFactor = 4; // what a message takes when it is parsed

    private const int MaxTagAndLengthBytes = 6;
    private const int MaxTokenBytes = 160;
    private readonly MerkleTreeWalk walk = new();

    /// <summary>Walks the tree and gives page after page. Directories that are missing or unreadable are left out, all but the root (CAS-21).</summary>
    /// <param name="root">The root directory.</param>
    /// <param name="pageSize">The most directories in a page; 0 for as many as fit into a message.</param>
    /// <param name="pageToken">The token of the page before; empty for the first page.</param>
    /// <param name="cancellationToken">Ends the walk.</param>
    /// <exception cref="RpcException">
    /// NOT_FOUND: the root is absent (CAS-20). INVALID_ARGUMENT: it is no directory, or the token belongs to another tree (CAS-24).
    /// </exception>
    /// <exception cref="TreeTooLargeException">The tree passes a limit (CAS-26).</exception>
    public async IAsyncEnumerable<Reapi.GetTreeResponse> ReadAsync(
        Digest root, int pageSize, string pageToken, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        (int start, string startHash) = ParseToken(pageToken);
        var page = new Reapi.GetTreeResponse();
        int pageBytes = MaxTokenBytes;
        int index = -1;
        await foreach (DirectoryVisit visit in walk.WalkAsync(root, (digests, token) => LoadAsync(root, digests, token), cancellationToken))
        {
            index++;
            if (index == start && startHash.Length > 0 && visit.Digest.Hash != startHash)
                throw OtherTree(pageToken);
            if (index < start || visit.Directory is not { } directory)
                continue;

            int bytes = directory.CalculateSize() + MaxTagAndLengthBytes;
            if (page.Directories.Count > 0 && (page.Directories.Count == pageSize || pageBytes + bytes > limits.MaxResponseBytes))
            {
                page.NextPageToken = $"{index}.{visit.Digest.Hash}";
                yield return page;
                page = new Reapi.GetTreeResponse();
                pageBytes = MaxTokenBytes;
            }

            page.Directories.Add(directory);
            pageBytes += bytes;
        }

        if (index < start)
            throw OtherTree(pageToken);
        yield return page;
    }

    private static (int Index, string Hash) ParseToken(string token)
    {
        if (token.Length == 0)
            return (0, "");
        int dot = token.IndexOf('.');
        return dot > 0 && dot < token.Length - 1
            && int.TryParse(token.AsSpan(0, dot), NumberStyles.None, CultureInfo.InvariantCulture, out int index)
                ? (index, token[(dot + 1)..])
                : throw RequestArguments.Invalid($"page_token '{token}' is none that this server gave");
    }

    private static RpcException OtherTree(string token) =>
        RequestArguments.Invalid($"page_token '{token}' belongs to another tree, or the tree has changed since: begin again without it");

    private async ValueTask<IReadOnlyList<Reapi.Directory?>> LoadAsync(
        Digest root, IReadOnlyList<Digest> digests, CancellationToken cancellationToken)
    {
        await reserveAsync((ParsedFactor * digests.Sum(digest => Math.Min(digest.SizeBytes, limits.MaxDirectoryBytes))) + limits.MaxResponseBytes);
        return await Task.WhenAll(digests.Select(
            digest => digest == root ? LoadRootAsync(root, cancellationToken) : LoadDescendantAsync(digest, cancellationToken)));
    }

    private async Task<Reapi.Directory?> LoadRootAsync(Digest root, CancellationToken cancellationToken)
    {
        try
        {
            return await LoadAsync(root, cancellationToken) ?? throw new RpcException(StatusCode.NotFound, $"the root directory {root} is not here");
        }
        catch (Exception exception) when (MalformedMessage.IsReason(exception))
        {
            throw new RpcException(new RpcStatus(StatusCode.InvalidArgument, $"{root} is no Directory: {exception.Message}"), exception);
        }
    }

    private async Task<Reapi.Directory?> LoadDescendantAsync(Digest digest, CancellationToken cancellationToken)
    {
        try
        {
            return await LoadAsync(digest, cancellationToken);
        }
        catch (Exception exception) when (MalformedMessage.IsReason(exception))
        {
            return null; // counts as missing
        }
    }

    private ValueTask<Reapi.Directory?> LoadAsync(Digest digest, CancellationToken cancellationToken) =>
        cas.ReadMessageAsync(digest, Reapi.Directory.Parser, limits.MaxDirectoryBytes, cancellationToken);
}
