using System.Buffers;
using Google.Protobuf;
using RemoteExec.Protocol;

namespace RemoteExec.Cas;

/// <summary>What callers of any <see cref="IBlobStore"/> would otherwise write again and again.</summary>
public static class BlobStoreExtensions
{
    /// <summary>True if the blob can be read; counts as a use of it.</summary>
    public static async ValueTask<bool> ContainsAsync(this IBlobStore store, Digest digest, CancellationToken cancellationToken) =>
        (await store.FindMissingAsync(new[] { digest }, cancellationToken)).Count == 0; // an array's enumerators hold no digest, and are several

    /// <summary>Reads a whole value into memory of its own; null if it is absent.</summary>
    /// <exception cref="BlobTooLargeException">It is longer than <paramref name="maxBytes"/>.</exception>
    public static async ValueTask<byte[]?> ReadAllAsync(this IBlobStore store, Digest digest, int maxBytes, CancellationToken cancellationToken)
    {
        await using BlobReader? reader = await store.OpenReadAsync(digest, 0, cancellationToken);
        return reader is null ? null : await reader.ReadAllAsync(digest, maxBytes, cancellationToken);
    }

    /// <summary>Reads a whole value, opened at its start, into memory of its own.</summary>
    /// <exception cref="BlobTooLargeException">It is longer than <paramref name="maxBytes"/>.</exception>
    public static async ValueTask<byte[]> ReadAllAsync(this BlobReader reader, Digest digest, int maxBytes, CancellationToken cancellationToken)
    {
        if (reader.Length > maxBytes)
            throw new BlobTooLargeException(digest, reader.Length, maxBytes);

        var content = new byte[reader.Length];
        for (int filled = 0; filled < content.Length;)
        {
            int read = await reader.ReadAsync(content.AsMemory(filled), cancellationToken);
            if (read == 0)
                throw new BlobCorruptException(digest);
            filled += read;
        }

        return content;
    }

    /// <summary>Reads and parses a message; null if the blob is absent.</summary>
    /// <exception cref="InvalidProtocolBufferException">The blob is no such message.</exception>
    /// <exception cref="BlobTooLargeException">It is longer than <paramref name="maxBytes"/>.</exception>
    public static async ValueTask<T?> ReadMessageAsync<T>(
        this IBlobStore store, Digest digest, MessageParser<T> parser, int maxBytes, CancellationToken cancellationToken)
        where T : class, IMessage<T>
    {
        byte[]? content = await store.ReadAllAsync(digest, maxBytes, cancellationToken);
        return content is null ? null : parser.ParseFrom(content);
    }

    /// <summary>Writes and commits a value that is at hand; it is borrowed until the returned task completes.</summary>
    public static async ValueTask WriteAllAsync(
        this IBlobStore store, Digest digest, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        await using BlobWriter writer = await store.OpenWriteAsync(digest, content.Length, cancellationToken);
        if (!content.IsEmpty)
            await writer.WriteAsync(new ReadOnlySequence<byte>(content), cancellationToken);
        await writer.CommitAsync(cancellationToken);
    }

    /// <summary>Stores content under its own digest, computed with the instance and the function of <paramref name="sibling"/>.</summary>
    public static async ValueTask<Digest> StoreAsync(
        this IBlobStore store, Digest sibling, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        Digest digest = sibling.SiblingOf(content.Span);
        await store.WriteAllAsync(digest, content, cancellationToken);
        return digest;
    }
}
