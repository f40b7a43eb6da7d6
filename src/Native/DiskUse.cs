using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace RemoteExec.Native;

/// <summary>
/// Adds up what a directory that others write to takes of the disk at this moment. Whatever names there are, and however they change meanwhile: what is gone is left out, and no symlink is followed. Directories
/// that are closed to the worker are left out as well, and so is what lies deeper than <see cref="MostLevels"/>.
/// </summary>
internal sealed unsafe class DiskUse
{
    /// <summary>How deep it looks: as many directories are open at a time.</summary>
    public const int MostLevels = 500;

    private const int EntryHeader = 19, KindOffset = 18, LengthOffset = 16; // of struct linux_dirent64
    private const byte DirectoryKind = 4;
    private const int BufferBytes = 32 * 1024;
    private readonly byte[] entries = GC.AllocateUninitializedArray<byte>(BufferBytes, pinned: true);
    private readonly HashSet<ulong> seen = []; // inodes that have several names
    private readonly uint? owner;
    private long bytes;

    private DiskUse(uint? owner) => this.owner = owner;

    /// <summary>The bytes of all blocks that are taken.</summary>
    /// <param name="directory">The directory: an absolute path.</param>
    /// <param name="except">The name of an entry of it that is left out; null for none.</param>
    /// <param name="owner">Whose files count, whatever else has their name: those of others with several names are links to what the worker keeps. Null if all count.</param>
    public static long Of(string directory, string? except, uint? owner)
    {
        var use = new DiskUse(owner);
        use.Walk(directory, except is null ? [] : System.Text.Encoding.UTF8.GetBytes(except));
        return use.bytes;
    }

    private void Walk(string directory, ReadOnlySpan<byte> except)
    {
        var open = new Stack<(int Descriptor, Queue<byte[]> Todo)>();
        Enter(Libc.Open(directory, Libc.O_RDONLY | Libc.O_DIRECTORY | Libc.O_NOFOLLOW | Libc.O_CLOEXEC, 0), except);
        while (open.TryPeek(out (int Descriptor, Queue<byte[]> Todo) top))
        {
            if (!top.Todo.TryDequeue(out byte[]? name))
            {
                _ = Libc.Close(top.Descriptor);
                open.Pop();
            }
            else if (open.Count < MostLevels)
            {
                fixed (byte* text = name)
                    Enter(Libc.OpenAt(top.Descriptor, text, Libc.O_RDONLY | Libc.O_DIRECTORY | Libc.O_NOFOLLOW | Libc.O_CLOEXEC), []);
            }
        }

        void Enter(int descriptor, ReadOnlySpan<byte> leftOut)
        {
            if (descriptor >= 0)
                open.Push((descriptor, Count(descriptor, leftOut)));
        }
    }

    // Counts what is in a directory, and answers the names of the directories among it.
    private Queue<byte[]> Count(int directory, ReadOnlySpan<byte> except)
    {
        var directories = new Queue<byte[]>();
        fixed (byte* buffer = entries)
        {
            nint count;
            while ((count = Libc.GetDents64(directory, buffer, BufferBytes)) > 0)
            {
                for (int at = 0; at < count; at += BinaryPrimitives.ReadUInt16LittleEndian(entries.AsSpan(at + LengthOffset)))
                {
                    ReadOnlySpan<byte> name = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(buffer + at + EntryHeader);
                    if (name.SequenceEqual("."u8) || name.SequenceEqual(".."u8) || (!except.IsEmpty && name.SequenceEqual(except)))
                        continue;
                    Add(directory, buffer + at + EntryHeader);
                    if (buffer[at + KindOffset] == DirectoryKind)
                        directories.Enqueue([.. name, 0]);
                }
            }
        }

        return directories;
    }

    private void Add(int directory, byte* name)
    {
        const int LinksOffset = 16, UserOffset = 20, InodeOffset = 32, BlocksOffset = 48, BlockBytes = 512;
        byte* status = stackalloc byte[Libc.OpaqueBytes];
        if (Libc.StatX(directory, name, Libc.AT_SYMLINK_NOFOLLOW, Libc.STATX_BASIC_STATS, status) != 0)
            return;
        var fields = new ReadOnlySpan<byte>(status, Libc.OpaqueBytes);
        bool isSingle = BinaryPrimitives.ReadUInt32LittleEndian(fields[LinksOffset..]) == 1;
        if (!isSingle && ((owner is { } user && BinaryPrimitives.ReadUInt32LittleEndian(fields[UserOffset..]) != user) || !seen.Add(BinaryPrimitives.ReadUInt64LittleEndian(fields[InodeOffset..]))))
            return;
        bytes += BinaryPrimitives.ReadInt64LittleEndian(fields[BlocksOffset..]) * BlockBytes;
    }
}
