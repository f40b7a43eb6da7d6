using System.Buffers;
using RemoteExec.Assets.Git;
using RemoteExec.Cas;
using RemoteExec.Fetching;
using RemoteExec.Images;
using RemoteExec.Protocol;

namespace RemoteExec.Assets;

/// <summary>Fetches one asset after the other by HTTP into the CAS: from the first of its URIs where it is what it has to be. Archives become directories, and so do repositories of git. Thread-safe.</summary>
/// <param name="cas">Where it goes.</param>
/// <param name="http">Fetches files.</param>
/// <param name="git">Fetches repositories.</param>
/// <param name="options">How.</param>
/// <param name="time">The clock.</param>
internal sealed class AssetDownload(IBlobStore cas, HttpDownloads http, GitFetch git, AssetFetchOptions options, TimeProvider time)
{
    private const int MostAtATime = 16;
    private const int BufferBytes = 256 * 1024;
    private readonly SemaphoreSlim slots = new(MostAtATime);

    /// <summary>Fetches it; the CAS has it when this returns.</summary>
    /// <returns>The number of the URI from which it is, and what that is bound to.</returns>
    /// <exception cref="AssetException">It is not to be had.</exception>
    /// <exception cref="CasException">The CAS fails.</exception>
    public async Task<(int Uri, BoundAsset Asset)> RunAsync(AssetRequest request, CancellationToken cancellationToken)
    {
        await slots.WaitAsync(cancellationToken);
        try
        {
            AssetException? last = null;
            for (int i = 0; i < request.Uris.Count; i++)
            {
                try
                {
                    return (i, await FetchAsync(request, i, cancellationToken));
                }
                catch (AssetException exception)
                {
                    last = last is null ? exception : Join(last, exception);
                }
            }

            throw last!;
        }
        finally
        {
            slots.Release();
        }
    }

    // What may be had later from one of them may be had later.
    private static AssetException Join(AssetException first, AssetException second) =>
        new(first.Failure == AssetFailure.Unavailable ? first.Failure : second.Failure, $"{first.Message}; {second.Message}", second) { Uri = second.Uri };

    private async Task<BoundAsset> FetchAsync(AssetRequest request, int number, CancellationToken cancellationToken)
    {
        string uri = request.Uris[number];
        Uri place = request.HttpUri(number) ?? throw new AssetException(AssetFailure.Absent, $"{uri} is no https:// URL that could be fetched") { Uri = uri };
        try
        {
            if (request is { Kind: AssetKind.Directory, Qualifiers.IsGit: true })
                return await FetchRepositoryAsync(request, number, place, cancellationToken);
            ArchiveType? archive = request.Kind == AssetKind.Blob ? null : ArchiveKinds.Of(request.Qualifiers.ResourceType, place)
                ?? throw new AssetException(AssetFailure.Unsupported, $"neither its name nor the qualifier resource_type tells what kind of archive it is: there are {ArchiveKinds.Known}");
            DateTimeOffset since = time.GetUtcNow();
            await using var file = new FileStream(
                Path.Combine(options.SpoolDirectory, Path.GetRandomFileName()), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, BufferBytes, FileOptions.DeleteOnClose | FileOptions.Asynchronous);
            await http.SaveAsync(
                new Download(place, options.MaxBytes) { Headers = request.Qualifiers.HeadersOf(number), AllowsPlain = request.Qualifiers.Checksum is not null }, file, cancellationToken);
            if (request.Qualifiers.Checksum is { } checksum)
                await VerifyAsync(file, checksum, cancellationToken);
            Digest content = archive is { } type ? await UnpackAsync(file, type, request, cancellationToken) : await StoreAsync(file, request, cancellationToken);
            return new BoundAsset(uri, content, since, request.Qualifiers.Checksum is null ? since + options.KeepUnverified : null);
        }
        catch (FetchFailedException exception)
        {
            throw new AssetException(FailureOf(exception.Failure), exception.Message, exception) { Uri = uri };
        }
        catch (AssetException exception) when (exception.Uri.Length == 0)
        {
            throw new AssetException(exception.Failure, $"{HttpDownloads.Show(place)}: {exception.Message}", exception) { Uri = uri };
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new AssetException(AssetFailure.Unavailable, $"the server has no room to fetch: {exception.Message}", exception) { Uri = uri };
        }
    }

    // A commit is the hash of all that is in it; a branch is what it is today.
    private async Task<BoundAsset> FetchRepositoryAsync(AssetRequest request, int number, Uri place, CancellationToken cancellationToken)
    {
        DateTimeOffset since = time.GetUtcNow();
        var revision = GitRevision.Of(request.Qualifiers);
        Digest content = await git.StoreAsync(place, revision, request.Qualifiers.HeadersOf(number), request, cancellationToken);
        return new BoundAsset(request.Uris[number], content, since, revision.Commit.Length > 0 ? null : since + options.KeepUnverified);
    }

    private static async Task VerifyAsync(FileStream file, Checksum checksum, CancellationToken cancellationToken)
    {
        Digest found = await HashAsync(file, default, checksum.Function, cancellationToken);
        if (!checksum.Fits(found))
            throw new AssetException(AssetFailure.Inconsistent, $"the checksum of its {file.Length} bytes is {checksum.Show(found)}, not {checksum}");
    }

    private async Task<Digest> StoreAsync(FileStream file, AssetRequest request, CancellationToken cancellationToken)
    {
        Digest digest = await HashAsync(file, request.Instance, request.Function, cancellationToken);
        await using BlobWriter writer = await cas.OpenWriteAsync(digest, digest.SizeBytes, cancellationToken);
        await ReadAsync(file, piece => writer.WriteAsync(new ReadOnlySequence<byte>(piece), cancellationToken), cancellationToken);
        await writer.CommitAsync(cancellationToken);
        return digest;
    }

    private async Task<Digest> UnpackAsync(FileStream file, ArchiveType type, AssetRequest request, CancellationToken cancellationToken)
    {
        file.Position = 0;
        try
        {
            return await new ArchiveImport(cas, options.MaxBytes, options.SpoolDirectory).StoreAsync(file, type, request.Instance, request.Function, request.Qualifiers.Directory, cancellationToken);
        }
        catch (ImageException exception)
        {
            throw new AssetException(AssetFailure.Inconsistent, exception.Message, exception);
        }
    }

    private static async Task<Digest> HashAsync(FileStream file, InstanceName instance, DigestFunction function, CancellationToken cancellationToken)
    {
        using var hasher = new IncrementalHasher(function, file.Length);
        await ReadAsync(
            file,
            piece =>
            {
                hasher.Append(piece.Span);
                return ValueTask.CompletedTask;
            },
            cancellationToken);
        return hasher.Finish(instance);
    }

    private static async Task ReadAsync(FileStream file, Func<ReadOnlyMemory<byte>, ValueTask> take, CancellationToken cancellationToken)
    {
        file.Position = 0;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            for (int read; (read = await file.ReadAsync(buffer, cancellationToken)) > 0;)
                await take(buffer.AsMemory(0, read));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static AssetFailure FailureOf(FetchFailure failure) => failure switch
    {
        FetchFailure.Refused => AssetFailure.Refused,
        FetchFailure.Absent => AssetFailure.Absent,
        FetchFailure.TooLong => AssetFailure.TooLong,
        _ => AssetFailure.Unavailable,
    };
}
