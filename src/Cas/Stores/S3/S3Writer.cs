using System.Buffers;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Stores.S3;

/// <summary>
/// Writes a value into the spool: a short one is gathered in memory, a longer one in a file, which becomes a pack of its own if it is long enough. Neither is part
/// of a pack before the commit.
/// </summary>
internal sealed class S3Writer : BlobWriter
{
    private const int GatheredBytes = 256 << 10;

    private readonly S3Store store;
    private readonly Digest digest;
    private readonly long length;
    private readonly int headerLength;
    private readonly long recordLength;
    private byte[]? memory; // header, value, padding
    private SpoolPack? file;
    private Crc32C checksum = new();
    private long position;
    private bool committed;
    private bool isGiven; // what was reserved, and the file of a long value, are the spool's
    private bool disposed;

    /// <summary>Reserves room for a value.</summary>
    /// <exception cref="CasException">The backlog is at its bound, or the disk failed.</exception>
    public S3Writer(S3Store store, Digest digest, long length)
    {
        this.store = store;
        this.digest = digest;
        this.length = length;
        headerLength = PackRecord.HeaderLengthFor(digest);
        recordLength = PackRecord.LengthFor(digest, length);
        store.Spool.Reserve(recordLength);
        if (recordLength <= GatheredBytes)
        {
            memory = ArrayPool<byte>.Shared.Rent((int)recordLength);
            return;
        }

        try
        {
            file = store.Spool.CreateLong();
        }
        catch (CasException)
        {
            store.Spool.Unreserve(recordLength);
            throw;
        }
    }

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlySequence<byte> data, CancellationToken cancellationToken)
    {
        RequireOpen();
        if (data.Length > length - position)
            throw new InvalidOperationException($"more than the announced {length} bytes for {digest}");
        foreach (ReadOnlyMemory<byte> piece in data)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (memory is not null)
                piece.Span.CopyTo(memory.AsSpan((int)(headerLength + position)));
            else
                file!.Write(piece.Span, headerLength + position);
            checksum.Append(piece.Span);
            position += piece.Length;
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public override async ValueTask CommitAsync(CancellationToken cancellationToken)
    {
        RequireOpen();
        if (position != length)
            throw new InvalidOperationException($"{position} of the announced {length} bytes of {digest} were written");

        var record = new PackRecord { Digest = digest, ValueLength = length, Checksum = checksum.Value, Hour = store.Clock.Hour };
        SpoolPack pack;
        if (file is not null && store.IsLong(length))
        {
            WriteEdges(record, file, 0);
            await store.Spool.PublishLongAsync(file, record, cancellationToken);
            (pack, file) = (file, null);
        }
        else
        {
            pack = (await store.Spool.AppendAsync(record, (to, offset) => CopyTo(to, offset, record), isWanted: null, cancellationToken))!;
        }

        committed = isGiven = true;
        await store.CommittedAsync(pack, cancellationToken);
    }

    /// <inheritdoc/>
    public override ValueTask DisposeAsync()
    {
        if (disposed)
            return ValueTask.CompletedTask;
        disposed = true;
        if (Interlocked.Exchange(ref memory, null) is { } array)
            ArrayPool<byte>.Shared.Return(array);
        if (file is not null)
        {
            file.Release();
            File.Delete(file.Path);
        }

        if (!isGiven)
            store.Spool.Unreserve(recordLength);
        return ValueTask.CompletedTask;
    }

    private void CopyTo(SpoolPack pack, long offset, PackRecord record)
    {
        if (memory is not null)
        {
            record.Write(memory);
            memory.AsSpan((int)(headerLength + length)..(int)recordLength).Clear();
            pack.Write(memory.AsSpan(0, (int)recordLength), offset);
            return;
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent(1 << 20);
        try
        {
            for (long copied = 0; copied < length;)
            {
                int read = file!.Read(buffer.AsSpan(0, (int)Math.Min(buffer.Length, length - copied)), headerLength + copied);
                if (read == 0)
                    throw new StoreUnavailableException(store.Name, new EndOfStreamException($"{file.Path} was cut"));
                pack.Write(buffer.AsSpan(0, read), offset + headerLength + copied);
                copied += read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        WriteEdges(record, pack, offset);
    }

    /// <summary>Writes the header, and the padding behind the value.</summary>
    private void WriteEdges(PackRecord record, SpoolPack pack, long offset)
    {
        Span<byte> bytes = stackalloc byte[headerLength];
        record.Write(bytes);
        pack.Write(bytes, offset);
        int padding = (int)(recordLength - headerLength - length);
        bytes[..padding].Clear();
        pack.Write(bytes[..padding], offset + headerLength + length);
    }

    private void RequireOpen()
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        if (committed)
            throw new InvalidOperationException($"{digest} is committed already");
    }
}
