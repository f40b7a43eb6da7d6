namespace RemoteExec.Native;

/// <summary>A terminal that hands on every key as it is, for another one that does what keys mean; as it was before when this is disposed.</summary>
internal sealed unsafe class RawTerminal : IDisposable
{
    private readonly int terminal;
    private readonly byte[] before = new byte[Libc.OpaqueBytes];

    /// <summary>Changes a terminal.</summary>
    /// <param name="terminal">The number of its open file.</param>
    /// <exception cref="NativeException">It can't be changed.</exception>
    public RawTerminal(int terminal)
    {
        this.terminal = terminal;
        fixed (byte* settings = before)
            NativeException.ThrowIfNegative(Libc.TcGetAttr(terminal, settings), "asking for the terminal's settings");
        byte[] raw = [.. before];
        fixed (byte* settings = raw)
        {
            Libc.CfMakeRaw(settings);
            NativeException.ThrowIfNegative(Libc.TcSetAttr(terminal, Libc.TCSADRAIN, settings), "changing the terminal's settings");
        }
    }

    /// <summary>True if an open file is a terminal.</summary>
    public static bool IsTerminal(int descriptor) => Libc.IsATty(descriptor) == 1;

    /// <summary>Changes it back.</summary>
    public void Dispose()
    {
        fixed (byte* settings = before)
            _ = Libc.TcSetAttr(terminal, Libc.TCSADRAIN, settings); // it may be gone
    }
}
