using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace RemoteExec.Worker.Sandbox.Launcher;

/// <summary>A message to the launcher: a verb, then keys and values, each ended by NUL; in front of them their length. src/Launcher says what it understands.</summary>
internal sealed class LauncherRequest
{
    private readonly ArrayBufferWriter<byte> bytes = new(1024);

    /// <summary>Begins a message.</summary>
    public LauncherRequest(string verb)
    {
        bytes.Advance(sizeof(uint));
        Append(verb);
    }

    /// <summary>An open file that goes with it; null for none. It stays the caller's.</summary>
    public SafeHandle? Descriptor { get; set; }

    /// <summary>Adds a key and its values; none has a NUL character.</summary>
    public LauncherRequest Add(string key, params ReadOnlySpan<string> values)
    {
        Append(key);
        foreach (string value in values)
            Append(value);
        return this;
    }

    /// <summary>Adds a key and a number.</summary>
    public LauncherRequest Add(string key, long value) => Add(key, value.ToString(CultureInfo.InvariantCulture));

    /// <summary>The message as it is sent.</summary>
    public ReadOnlyMemory<byte> ToBytes()
    {
        byte[] message = bytes.WrittenSpan.ToArray();
        BinaryPrimitives.WriteUInt32LittleEndian(message, (uint)(message.Length - sizeof(uint)));
        if (!BitConverter.IsLittleEndian)
            message.AsSpan(0, sizeof(uint)).Reverse();
        return message;
    }

    private void Append(string text)
    {
        Span<byte> room = bytes.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length) + 1);
        int length = Encoding.UTF8.GetBytes(text, room);
        room[length] = 0;
        bytes.Advance(length + 1);
    }
}
