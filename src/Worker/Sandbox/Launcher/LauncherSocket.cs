using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Microsoft.Win32.SafeHandles;
using RemoteExec.Native;

namespace RemoteExec.Worker.Sandbox.Launcher;

/// <summary>The worker's end of the socket between it and a launcher. One reads at a time; others may write meanwhile, one at a time as well.</summary>
internal sealed class LauncherSocket(Socket socket) : IDisposable
{
    private const int MostBytes = 8192;
    private readonly byte[] buffer = new byte[MostBytes];
    private int filled;
    private SafeFileHandle? received; // came with bytes that are not yet given out
    private int receivedEnd; // the kernel gives no more at a time than up to the end of what a descriptor came with: it belongs to the reply that these bytes are the last of

    /// <summary>Sends a whole request.</summary>
    /// <exception cref="IOException">The launcher is gone.</exception>
    public async Task SendAsync(LauncherRequest request)
    {
        ReadOnlyMemory<byte> rest = request.ToBytes();
        if (request.Descriptor is { } descriptor)
        {
            DescriptorPassing.Send(socket.SafeHandle, rest.Span[..sizeof(uint)], descriptor); // there is room: the launcher waits for it
            rest = rest[sizeof(uint)..];
        }

        try
        {
            while (rest.Length > 0)
                rest = rest[await socket.SendAsync(rest, SocketFlags.None)..];
        }
        catch (SocketException exception)
        {
            throw new IOException("the launcher is gone", exception);
        }
    }

    /// <summary>The next reply, as its strings and what descriptor came with it; null if the launcher is gone.</summary>
    public async Task<(string[] Texts, SafeFileHandle? Descriptor)?> ReceiveAsync()
    {
        while (true)
        {
            if (TryTake(out SafeFileHandle? descriptor) is { } texts)
                return (texts, descriptor);

            try
            {
                await socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None); // until there is something
                if (!Fill())
                    return null;
            }
            catch (NativeException exception) when (exception.Error == Libc.EAGAIN)
            {
                // There was nothing after all.
            }
            catch (Exception exception) when (exception is SocketException or NativeException)
            {
                return null;
            }
        }
    }

    /// <summary>A number that a reply tells.</summary>
    public static long ParseNumber(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    /// <summary>Closes the socket, upon which the launcher ends, and with it all that it runs.</summary>
    public void Dispose()
    {
        received?.Dispose();
        socket.Dispose();
    }

    private string[]? TryTake(out SafeFileHandle? descriptor)
    {
        descriptor = null;
        if (filled < sizeof(uint))
            return null;
        int length = (int)BinaryPrimitives.ReadUInt32LittleEndian(buffer);
        int end = sizeof(uint) + length;
        if (filled < end)
            return null;
        string[] texts = Encoding.UTF8.GetString(buffer, sizeof(uint), length - 1).Split('\0');
        buffer.AsSpan(end, filled - end).CopyTo(buffer);
        filled -= end;
        if (end >= receivedEnd)
            (descriptor, received) = (received, null);
        receivedEnd = Math.Max(receivedEnd - end, 0);
        return texts;
    }

    private bool Fill()
    {
        int count = DescriptorPassing.Receive(socket.SafeHandle, buffer.AsSpan(filled), out SafeFileHandle? descriptor);
        filled += count;
        if (descriptor is not null)
            (received, receivedEnd) = (descriptor, filled);
        return count > 0;
    }
}
