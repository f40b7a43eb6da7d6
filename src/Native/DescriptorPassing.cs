using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace RemoteExec.Native;

/// <summary>Sockets within the machine, and what can be handed over by them. The layouts are those of 64-bit Linux.</summary>
internal static unsafe class DescriptorPassing
{
    private const int ScmRights = 1, SolSocket = 1;
    private const int ControlBytes = 64; // room for one header of 16 bytes and some descriptors
    private const int HeaderBytes = 16;

    /// <summary>Makes two sockets that are connected with each other; neither is inherited by other programs.</summary>
    /// <exception cref="NativeException">The worker is short of descriptors.</exception>
    public static (SafeSocketHandle First, SafeFileHandle Second) MakePair()
    {
        int* pair = stackalloc int[2];
        NativeException.ThrowIfNegative(Libc.SocketPair(Libc.AF_UNIX, Libc.SOCK_STREAM | Libc.SOCK_CLOEXEC, 0, pair), "socketpair");
        return (new SafeSocketHandle(pair[0], ownsHandle: true), new SafeFileHandle(pair[1], ownsHandle: true));
    }

    /// <summary>Reads what has come, without waiting, and the descriptor that came with it; 0 at the end.</summary>
    /// <exception cref="NativeException">Nothing has come, or the socket is broken.</exception>
    public static int Receive(SafeHandle socket, Span<byte> buffer, out SafeFileHandle? descriptor)
    {
        byte* control = stackalloc byte[ControlBytes];
        nint count;
        MessageHeader header;
        fixed (byte* data = buffer)
        {
            var part = new Part { Data = data, Length = (nuint)buffer.Length };
            header = new MessageHeader { Parts = &part, PartCount = 1, Control = control, ControlLength = ControlBytes };
            count = Libc.RecvMsg((int)socket.DangerousGetHandle(), &header, Libc.MSG_DONTWAIT | Libc.MSG_CMSG_CLOEXEC);
        }

        NativeException.ThrowIfNegative(count, "recvmsg");
        descriptor = null;
        if (header.ControlLength >= HeaderBytes + sizeof(int) && ((int*)control)[2] == SolSocket && ((int*)control)[3] == ScmRights)
            descriptor = new SafeFileHandle(((int*)control)[HeaderBytes / sizeof(int)], ownsHandle: true);
        return (int)count;
    }

    /// <summary>Sends bytes that fit in at once, and a copy of a descriptor with the first of them.</summary>
    /// <exception cref="NativeException">The socket is full, or broken.</exception>
    public static void Send(SafeHandle socket, ReadOnlySpan<byte> bytes, SafeHandle descriptor)
    {
        const int LengthWithOne = HeaderBytes + sizeof(int);
        long* control = stackalloc long[ControlBytes / sizeof(long)];
        control[0] = LengthWithOne;
        ((int*)control)[2] = SolSocket;
        ((int*)control)[3] = ScmRights;
        ((int*)control)[HeaderBytes / sizeof(int)] = (int)descriptor.DangerousGetHandle();
        fixed (byte* data = bytes)
        {
            var part = new Part { Data = data, Length = (nuint)bytes.Length };
            var header = new MessageHeader { Parts = &part, PartCount = 1, Control = control, ControlLength = LengthWithOne };
            NativeException.ThrowIfNegative(Libc.SendMsg((int)socket.DangerousGetHandle(), &header, Libc.MSG_NOSIGNAL), "sendmsg");
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct MessageHeader
    {
        public void* Name;
        public uint NameLength;
        public Part* Parts;
        public nuint PartCount;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct Part
    {
        public void* Data;
        public nuint Length;
    }
}
