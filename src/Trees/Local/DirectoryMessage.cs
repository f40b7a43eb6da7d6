using System.Runtime.CompilerServices;
using System.Text;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Wire;

namespace RemoteExec.Trees.Local;

/// <summary>Encodes directories as <c>Directory</c> messages, canonically, without making objects of all that is in them.</summary>
internal static class DirectoryMessage
{
    private const byte FilesTag = (1 << 3) | 2, DirectoriesTag = (2 << 3) | 2, SymlinksTag = (3 << 3) | 2;
    private const byte NameTag = (1 << 3) | 2, DigestTag = (2 << 3) | 2, TargetTag = (2 << 3) | 2;
    private const byte ExecutableTag = (4 << 3) | 0;

    /// <summary>Encodes a directory, all of which is hashed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // a command that runs for a third of a second has no time to find out what is hot
    public static byte[] Encode(LocalDirectory directory)
    {
        int length = 0;
        foreach (LocalFile file in directory.Files)
            length += LengthOfField(LengthOf(file));
        foreach (LocalDirectory child in directory.Directories)
            length += LengthOfField(LengthOf(child));
        foreach ((string name, string target) in directory.Symlinks)
            length += LengthOfField(LengthOfField(Encoding.UTF8.GetByteCount(name)) + LengthOfField(Encoding.UTF8.GetByteCount(target)));

        byte[] message = new byte[length];
        Span<byte> left = message;
        foreach (LocalFile file in directory.Files)
        {
            WriteLength(ref left, FilesTag, LengthOf(file));
            WriteText(ref left, NameTag, file.Name);
            WriteDigest(ref left, file.Digest!.Value);
            if (!file.Status.IsExecutable)
                continue;
            left[0] = ExecutableTag;
            left[1] = 1;
            left = left[2..];
        }

        foreach (LocalDirectory child in directory.Directories)
        {
            WriteLength(ref left, DirectoriesTag, LengthOf(child));
            WriteText(ref left, NameTag, child.Name);
            WriteDigest(ref left, child.Digest);
        }

        foreach ((string name, string target) in directory.Symlinks)
        {
            WriteLength(ref left, SymlinksTag, LengthOfField(Encoding.UTF8.GetByteCount(name)) + LengthOfField(Encoding.UTF8.GetByteCount(target)));
            WriteText(ref left, NameTag, name);
            WriteText(ref left, TargetTag, target);
        }

        return message;
    }

    private static int LengthOf(LocalFile file) =>
        LengthOfField(Encoding.UTF8.GetByteCount(file.Name)) + LengthOfField(DigestMessage.LengthOf(file.Digest!.Value)) + (file.Status.IsExecutable ? 2 : 0);

    private static int LengthOf(LocalDirectory directory) =>
        LengthOfField(Encoding.UTF8.GetByteCount(directory.Name)) + LengthOfField(DigestMessage.LengthOf(directory.Digest));

    private static int LengthOfField(int content) => 1 + Varint.LengthOf((ulong)content) + content;

    private static void WriteLength(ref Span<byte> left, byte tag, int length)
    {
        left[0] = tag;
        left = left[(1 + Varint.Write(left[1..], (ulong)length))..];
    }

    private static void WriteText(ref Span<byte> left, byte tag, string text)
    {
        WriteLength(ref left, tag, Encoding.UTF8.GetByteCount(text));
        left = left[Encoding.UTF8.GetBytes(text, left)..];
    }

    private static void WriteDigest(ref Span<byte> left, Digest digest)
    {
        WriteLength(ref left, DigestTag, DigestMessage.LengthOf(digest));
        left = left[DigestMessage.Write(left, digest)..];
    }
}
