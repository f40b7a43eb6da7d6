using System.Buffers;
using System.Security.Cryptography;
using RemoteExec.Cas.Stores.Segments;

namespace RemoteExec.Cas.Stores.S3;

/// <summary>
/// Moves what is live of a pack to a pack of its own whose name comes right after: among what other nodes write to the same keys meanwhile, and this one has not heard of, the values keep their place.
/// </summary>
internal sealed class PackCopier(S3StoreOptions options, IPresence presence, PackRecords records, Bucket bucket) : IPackCompactor
{
    /// <inheritdoc/>
    public async Task<long> RunAsync(KnownPack pack, CancellationToken cancellationToken)
    {
        string path = Path.Combine(options.Path, "copy");
        try
        {
            return await CopyAsync(pack, path, cancellationToken);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new StoreUnavailableException(options.Name, fault);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private async Task<long> CopyAsync(KnownPack pack, string path, CancellationToken cancellationToken)
    {
        var entries = new List<PackEntry>();
        long length;
        using (FileStream stream = StoreDirectory.CreateFile(path))
        {
            bool isThere = await records.VisitAsync(
                pack,
                (record, _, content) =>
                {
                    entries.Add(new PackEntry(stream.Position, record));
                    Write(stream, record, content.Span);
                    return Task.CompletedTask;
                },
                cancellationToken);
            if (!isThere || entries.Count == 0)
                return 0;
            var manifest = new ArrayBufferWriter<byte>();
            PackManifest.Write(manifest, entries, stream.Position);
            stream.Write(manifest.WrittenSpan);
            length = stream.Position;
        }

        var name = new PackName(pack.Name.Order + 1, BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(sizeof(uint))));
        await bucket.PutFileAsync(name.Key, path, cancellationToken);
        await presence.AddAsync(name, length, entries, cancellationToken);
        return entries.Count;
    }

    private static void Write(FileStream stream, PackRecord record, ReadOnlySpan<byte> content)
    {
        Span<byte> header = stackalloc byte[record.HeaderLength];
        record.Write(header);
        stream.Write(header);
        stream.Write(content[record.HeaderLength..]);
    }
}
