using System.Buffers;
using RemoteExec.Cas;
using RemoteExec.Fetching;
using RemoteExec.Protocol;
using RemoteExec.Python.Names;
using RemoteExec.Python.Pages;
using RemoteExec.Python.Wheels;

namespace RemoteExec.Python.Upstream;

/// <summary>Fetches files of an upstream into the CAS: what is not what its page says is not kept. Thread-safe.</summary>
/// <param name="cas">Where they go.</param>
/// <param name="instance">The instance that they go into.</param>
/// <param name="http">Fetches.</param>
/// <param name="spoolDirectory">Where files lie that are on their way.</param>
/// <param name="maxBytes">How long one may be.</param>
internal sealed class UpstreamFiles(IBlobStore cas, InstanceName instance, HttpDownloads http, string spoolDirectory, long maxBytes)
{
    private const int BufferBytes = 256 * 1024;
    private const int MostAtATime = 16;
    private readonly SemaphoreSlim slots = new(MostAtATime);

    /// <summary>Fetches a file, and the metadata that it has in it.</summary>
    /// <returns>Its content and its metadata, both in the CAS; no metadata of what is no wheel.</returns>
    /// <exception cref="UpstreamException">It can't be had, or is something else.</exception>
    /// <exception cref="CasException">The CAS fails.</exception>
    public Task<(Digest Content, Digest? Metadata)> FetchAsync(PageFile file, CancellationToken cancellationToken) => SpoolAsync<(Digest, Digest?)>(
        file.Url, file.Sha256, maxBytes,
        async (spool, digest) =>
        {
            byte[]? metadata = MetadataOf(file.Name, spool);
            await StoreAsync(spool, digest, cancellationToken);
            return (digest, metadata is null ? null : await cas.StoreAsync(digest, metadata, cancellationToken));
        },
        cancellationToken);

    /// <summary>Fetches the metadata of a file, which lies beside it there.</summary>
    /// <returns>It, in the CAS.</returns>
    /// <exception cref="UpstreamException">It can't be had, or is something else.</exception>
    /// <exception cref="CasException">The CAS fails.</exception>
    public async Task<Digest> FetchMetadataAsync(PageFile file, CancellationToken cancellationToken)
    {
        Digest known = Digest.Create(instance, DigestFunction.Sha256, Convert.FromHexString(file.MetadataSha256!), 0).WithoutSize();
        await using (BlobReader? reader = await cas.OpenReadAsync(known, 0, cancellationToken))
        {
            if (reader is not null)
                return Digest.Create(instance, DigestFunction.Sha256, known.HashSpan, reader.Length);
        }

        return await SpoolAsync(
            file.Url + Index.IndexedProject.MetadataSuffix, file.MetadataSha256!, CoreMetadata.MaxBytes,
            async (spool, digest) =>
            {
                await StoreAsync(spool, digest, cancellationToken);
                return digest;
            },
            cancellationToken);
    }

    private async Task<T> SpoolAsync<T>(string url, string sha256, long longest, Func<FileStream, Digest, Task<T>> use, CancellationToken cancellationToken)
    {
        await slots.WaitAsync(cancellationToken);
        try
        {
            await using var spool = new FileStream(
                Path.Combine(spoolDirectory, Path.GetRandomFileName()), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, BufferBytes, FileOptions.DeleteOnClose | FileOptions.Asynchronous);
            await http.SaveAsync(new Download(new Uri(url), longest) { AllowsPlain = true }, spool, cancellationToken);
            spool.Position = 0;
            byte[] hash = await System.Security.Cryptography.SHA256.HashDataAsync(spool, cancellationToken);
            if (Convert.ToHexStringLower(hash) != sha256)
                throw new UpstreamException($"{HttpDownloads.Show(new Uri(url))} has the SHA-256 {Convert.ToHexStringLower(hash)}, and the upstream says {sha256}: it is damaged, or was replaced");
            return await use(spool, Digest.Create(instance, DigestFunction.Sha256, hash, spool.Length));
        }
        catch (FetchFailedException exception)
        {
            throw new UpstreamException(exception.Message, exception) { MayPass = exception.Failure == FetchFailure.Unavailable };
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UpstreamException($"the server has no room to fetch: {exception.Message}", exception) { MayPass = true };
        }
        finally
        {
            slots.Release();
        }
    }

    private async Task StoreAsync(FileStream spool, Digest digest, CancellationToken cancellationToken)
    {
        spool.Position = 0;
        await using BlobWriter writer = await cas.OpenWriteAsync(digest, digest.SizeBytes, cancellationToken);
        byte[] buffer = new byte[BufferBytes];
        for (int read; (read = await spool.ReadAsync(buffer, cancellationToken)) > 0;)
            await writer.WriteAsync(new ReadOnlySequence<byte>(buffer, 0, read), cancellationToken);
        await writer.CommitAsync(cancellationToken);
    }

    // A wheel that can't be read is served all the same: it is what the upstream has.
    private static byte[]? MetadataOf(string fileName, Stream content)
    {
        if (!DistributionName.TryParse(fileName, out DistributionName? name, out _) || !name.IsWheel)
            return null;
        try
        {
            return new Wheel(name, content).Metadata;
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }
}
