using System.Buffers.Binary;
using System.Security.Cryptography;
using RemoteExec.Protocol;
using RemoteExec.Trees.Local;
using RemoteExec.Trees.Stored;

namespace RemoteExec.Trees.Pull;

/// <summary>What was pulled into a directory last: which tree of the CAS, and what a push from here would make of it, which says whether anything was changed since.</summary>
/// <remarks>
/// In two files. One has a magic number with the version, the digest function, the sizes and hashes of both trees, and the SHA-256 of all that. The other has the messages of the directories, each
/// behind its length, by which it can be said what was changed; it is needed only then, and counts for nothing if it is not that of the tree.
/// </remarks>
/// <param name="Root">The tree that was pulled.</param>
/// <param name="LocalRoot">The tree as a push from here would make it; not the same one if another client made it in another way.</param>
internal sealed record PullState(Digest Root, Digest LocalRoot)
{
    private const int FunctionAt = 7, DigestsAt = 8;

    private static ReadOnlySpan<byte> Magic => "RXPULL\u0001"u8;

    /// <summary>Reads a file; null if there is none that can be used.</summary>
    public static PullState? Load(string path, InstanceName instance) => TryRead(path) is { } content ? Read(content, instance) : null;

    /// <summary>Writes the files. That they can't be written is no failure: then a later pull does not know that the directory was pulled, and asks.</summary>
    /// <param name="path">The first one.</param>
    /// <param name="tree">The tree as it is here.</param>
    public void Save(string path, LocalTree tree)
    {
        int hash = Root.Function.HashLength();
        byte[] content = new byte[DigestsAt + (2 * (sizeof(long) + hash)) + SHA256.HashSizeInBytes];
        Magic.CopyTo(content);
        content[FunctionAt] = (byte)Root.Function;
        Span<byte> left = content.AsSpan(DigestsAt);
        foreach (Digest digest in new[] { Root, LocalRoot })
        {
            BinaryPrimitives.WriteInt64LittleEndian(left, digest.SizeBytes);
            digest.HashSpan.CopyTo(left[sizeof(long)..]);
            left = left[(sizeof(long) + hash)..];
        }

        SHA256.HashData(content.AsSpan(..^SHA256.HashSizeInBytes), left);
        try
        {
            StateFiles.Write(TreePathOf(path), Encode(tree));
            StateFiles.Write(path, content);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // As if nothing had been pulled.
        }
    }

    /// <summary>The tree as it was laid out; null if it is not known any more.</summary>
    public async Task<StoredTree?> FindTreeAsync(string path, CancellationToken cancellationToken)
    {
        var messages = new Dictionary<Digest, byte[]>();
        for (ReadOnlyMemory<byte> left = TryRead(TreePathOf(path)) ?? []; left.Length >= sizeof(int);)
        {
            int length = BinaryPrimitives.ReadInt32LittleEndian(left.Span);
            if (length < 0 || length > left.Length - sizeof(int))
                return null;
            byte[] message = left.Slice(sizeof(int), length).ToArray();
            messages.TryAdd(Root.SiblingOf(message), message);
            left = left[(sizeof(int) + length)..];
        }

        try
        {
            return await StoredTree.OfAsync(LocalRoot, messages, cancellationToken);
        }
        catch (TreeException)
        {
            return null;
        }
    }

    private static string TreePathOf(string path) => $"{path}.tree";

    private static byte[] Encode(LocalTree tree)
    {
        byte[] content = new byte[tree.Directories.Sum(directory => sizeof(int) + directory.Message.Length)];
        Span<byte> left = content;
        foreach (LocalDirectory directory in tree.Directories)
        {
            BinaryPrimitives.WriteInt32LittleEndian(left, directory.Message.Length);
            directory.Message.CopyTo(left[sizeof(int)..]);
            left = left[(sizeof(int) + directory.Message.Length)..];
        }

        return content;
    }

    private static byte[]? TryRead(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllBytes(path) : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static PullState? Read(ReadOnlySpan<byte> content, InstanceName instance)
    {
        if (content.Length < DigestsAt + SHA256.HashSizeInBytes || !content.StartsWith(Magic) || !((DigestFunction)content[FunctionAt]).IsSupported()
            || !SHA256.HashData(content[..^SHA256.HashSizeInBytes]).AsSpan().SequenceEqual(content[^SHA256.HashSizeInBytes..]))
            return null;
        var function = (DigestFunction)content[FunctionAt];
        int length = sizeof(long) + function.HashLength();
        return content.Length == DigestsAt + (2 * length) + SHA256.HashSizeInBytes
            ? new PullState(DigestOf(content.Slice(DigestsAt, length), instance, function), DigestOf(content.Slice(DigestsAt + length, length), instance, function))
            : null;
    }

    private static Digest DigestOf(ReadOnlySpan<byte> content, InstanceName instance, DigestFunction function) =>
        Digest.Create(instance, function, content[sizeof(long)..], BinaryPrimitives.ReadInt64LittleEndian(content));
}
