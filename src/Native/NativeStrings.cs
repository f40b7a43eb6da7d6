using System.Runtime.InteropServices;
using System.Text;

namespace RemoteExec.Native;

/// <summary>
/// A list of strings as C has it: an array of pointers to UTF-8 with a NUL at the end of each, and a null pointer at the end of all.
/// </summary>
internal sealed unsafe class NativeStrings : IDisposable
{
    private byte** pointers;

    /// <summary>Copies strings, none of which may contain a NUL, into native memory.</summary>
    public NativeStrings(IReadOnlyList<string> strings)
    {
        int bytes = strings.Sum(text => Encoding.UTF8.GetByteCount(text) + 1);
        int table = sizeof(byte*) * (strings.Count + 1);
        pointers = (byte**)NativeMemory.Alloc((nuint)(table + bytes));
        byte* position = (byte*)pointers + table;
        for (int i = 0; i < strings.Count; i++)
        {
            pointers[i] = position;
            int length = Encoding.UTF8.GetBytes(strings[i], new Span<byte>(position, bytes));
            position[length] = 0;
            position += length + 1;
            bytes -= length + 1;
        }

        pointers[strings.Count] = null;
    }

    /// <summary>The array; valid until the object is disposed.</summary>
    public byte** Pointers => pointers;

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        NativeMemory.Free(pointers);
        pointers = null;
    }
}
