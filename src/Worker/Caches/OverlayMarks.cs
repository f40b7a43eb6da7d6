using RemoteExec.Native;

namespace RemoteExec.Worker.Caches;

/// <summary>What the kernel notes in the upper directory of an overlay.</summary>
internal static unsafe class OverlayMarks
{
    // The one by root's overlays, the other by those in user namespaces.
    private static readonly string[] opaque = ["trusted.overlay.opaque", "user.overlay.opaque"];

    /// <summary>True if a directory stands for itself alone: what the lower one has of its name was deleted before it was made.</summary>
    public static bool IsOpaque(string directory)
    {
        byte* value = stackalloc byte[Libc.OpaqueBytes];
        foreach (string name in opaque)
        {
            if (Libc.LGetXAttr(directory, name, value, Libc.OpaqueBytes) == 1 && value[0] == (byte)'y')
                return true;
        }

        return false;
    }
}
