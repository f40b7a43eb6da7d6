using System.Runtime.InteropServices;

namespace RemoteExec.Native;

/// <summary>A call of the C library failed; an <see cref="IOException"/> as far as callers are concerned.</summary>
internal sealed class NativeException(string what, int error) : IOException($"{what}: {Marshal.GetPInvokeErrorMessage(error)} (errno {error})")
{
    /// <summary>The errno.</summary>
    public int Error { get; } = error;

    /// <summary>Throws if a call answered that it failed.</summary>
    public static void ThrowIfNegative(nint answer, string what)
    {
        if (answer < 0)
            throw new NativeException(what, Marshal.GetLastPInvokeError());
    }
}
