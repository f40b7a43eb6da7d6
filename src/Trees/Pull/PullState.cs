using System.Buffers.Binary;
using System.Security.Cryptography;
using RemoteExec.Protocol;
using RemoteExec.Trees.Local;
using RemoteExec.Trees.Stored;

namespace RemoteExec.Trees.Pull;

/// <summary>
/// What was pulled into a directory last: which tree of the CAS, and the messages of its directories as a push from here would make them, which says what was changed since.
/// </summary>
/// <remarks>In a file: a magic number with the version, the digest function, size and hash of the tree that was pulled, the messages, each behind its length, the root first; at the end the SHA-256 of all that.</remarks>
/// <param name="root">The tree that was pulled.</param>
/// <param name="messages">The directories as they were laid out.</param>
internal sealed class PullState(Digest root, IReadOnlyList<byte[]> messages)
{
    private const int FunctionAt = 7, SizeAt = 8, HashAt = 16;

    /// <summary>The tree that was pulled.</summary>
    public Digest Root => root;

    /// <summary>The tree as a push from here would make it.</summary>
    public Digest LocalRoot { get; } = root.SiblingOf(messages[0]);

    private static ReadOnlySpan<byte> Magic => "RXPULL\u0001"u8;

    /// <summary>Reads a file; null if there is none that can be used.</summary>
    public static PullState? Load(string path, InstanceName instance)
    {
        try
        {
            return File.Exists(path) ? Read(File.ReadAllBytes(path), instance) : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Writes a file. That it can't be written is no failure: then a later pull does not know that the directory was pulled, and asks.</summary>
    public void Save(string path)
    {
        int hash = Root.Function.HashLength();
        byte[] content = new byte[HashAt + hash + messages.Sum(message => sizeof(int) + message.Length) + SHA256.HashSizeInBytes];
        Magic.CopyTo(content);
        content[FunctionAt] = (byte)Root.Function;
        BinaryPrimitives.WriteInt64LittleEndian(content.AsSpan(SizeAt), Root.SizeBytes);
        Root.HashSpan.CopyTo(content.AsSpan(HashAt));
        Span<byte> left = content.AsSpan(HashAt + hash);
        foreach (byte[] message in messages)
        {
            BinaryPrimitives.WriteInt32LittleEndian(left, message.Length);
            message.CopyTo(left[sizeof(int)..]);
            left = left[(sizeof(int) + message.Length)..];
        }

        SHA256.HashData(content.AsSpan(..^SHA256.HashSizeInBytes), left);
        try
        {
            StateFiles.Write(path, content);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // As if nothing had been pulled.
        }
    }

    /// <summary>The tree as it was laid out.</summary>
    public Task<StoredTree> ToTreeAsync(CancellationToken cancellationToken) =>
        StoredTree.OfAsync(LocalRoot, messages.Select(message => (Digest: root.SiblingOf(message), Message: message)).DistinctBy(entry => entry.Digest).ToDictionary(entry => entry.Digest, entry => entry.Message), cancellationToken);

    private static PullState? Read(ReadOnlySpan<byte> content, InstanceName instance)
    {
        if (content.Length < HashAt + SHA256.HashSizeInBytes || !content.StartsWith(Magic)
            || !SHA256.HashData(content[..^SHA256.HashSizeInBytes]).AsSpan().SequenceEqual(content[^SHA256.HashSizeInBytes..]))
            return null;
        var function = (DigestFunction)content[FunctionAt];
        if (!function.IsSupported())
            return null;
        var root = Digest.Create(instance, function, content.Slice(HashAt, function.HashLength()), BinaryPrimitives.ReadInt64LittleEndian(content[SizeAt..]));
        var messages = new List<byte[]>();
        for (ReadOnlySpan<byte> left = content[(HashAt + function.HashLength())..^SHA256.HashSizeInBytes]; left.Length > 0;)
        {
            int length = BinaryPrimitives.ReadInt32LittleEndian(left);
            messages.Add(left.Slice(sizeof(int), length).ToArray());
            left = left[(sizeof(int) + length)..];
        }

        return messages.Count > 0 ? new PullState(root, messages) : null;
    }
}
