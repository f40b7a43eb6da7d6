using System.Text;
using Microsoft.Win32.SafeHandles;

namespace RemoteExec.Native;

/// <summary>A terminal that is made: a program has the one end as any terminal, and who made it is its screen and its keys at the other.</summary>
internal sealed unsafe class PseudoTerminal : IDisposable
{
    private const int LongestName = 64;

    private PseudoTerminal(SafeFileHandle screen, SafeFileHandle line, string path) => (Screen, Line, Path) = (screen, line, path);

    /// <summary>What the program writes is read here, what is typed is written here; reading fails when nobody has the other end open any more.</summary>
    public SafeFileHandle Screen { get; }

    /// <summary>The program's end.</summary>
    public SafeFileHandle Line { get; }

    /// <summary>Where the program's end is on this machine.</summary>
    public string Path { get; }

    /// <summary>Makes one.</summary>
    /// <exception cref="NativeException">The machine has none to give.</exception>
    public static PseudoTerminal Open()
    {
        int screen = Libc.OpenPt(Libc.O_RDWR | Libc.O_NOCTTY | Libc.O_CLOEXEC);
        NativeException.ThrowIfNegative(screen, "making a terminal");
        var handle = new SafeFileHandle(screen, ownsHandle: true);
        try
        {
            NativeException.ThrowIfNegative(Libc.GrantPt(screen), "grantpt");
            NativeException.ThrowIfNegative(Libc.UnlockPt(screen), "unlockpt");
            byte* name = stackalloc byte[LongestName];
            if (Libc.PtsName(screen, name, LongestName) is var error and not 0)
                throw new NativeException("ptsname", error);
            string path = Encoding.UTF8.GetString(System.Runtime.InteropServices.MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name));
            int line = Libc.Open(path, Libc.O_RDWR | Libc.O_NOCTTY | Libc.O_CLOEXEC, 0);
            NativeException.ThrowIfNegative(line, $"opening '{path}'");
            return new PseudoTerminal(handle, new SafeFileHandle(line, ownsHandle: true), path);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Makes the program's end another user's, so that he may open it.</summary>
    public void GiveTo(uint user) => NativeException.ThrowIfNegative(Libc.FChOwn((int)Line.DangerousGetHandle(), user, user), $"changing the owner of '{Path}'");

    /// <summary>Gives it the size of another terminal, if that has one; programs on it hear of a change.</summary>
    /// <param name="terminal">The number of the other one's open file.</param>
    public void TakeSizeOf(int terminal)
    {
        short* size = stackalloc short[4];
        if (Libc.IoCtl(terminal, Libc.TIOCGWINSZ, (int*)size) == 0)
            _ = Libc.IoCtl((int)Screen.DangerousGetHandle(), Libc.TIOCSWINSZ, (int*)size);
    }

    /// <summary>Closes both ends.</summary>
    public void Dispose()
    {
        Line.Dispose();
        Screen.Dispose();
    }
}
