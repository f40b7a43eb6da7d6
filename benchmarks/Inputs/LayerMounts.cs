using System.Runtime.InteropServices;
using RemoteExec.Worker.Inputs;

namespace RemoteExec.Benchmarks.Inputs;

/// <summary>Mounts input layers in this process's mount namespace.</summary>
internal static partial class LayerMounts
{
    private const nuint ReadOnly = 1, Remount = 32, Bind = 4096;
    private const int Detach = 2;

    /// <summary>Mounts a layer at <c>root</c> in a directory, with the <c>upper</c> and <c>work</c> beside it.</summary>
    public static void Mount(InputLayer layer, string place)
    {
        string root = $"{place}/root";
        Check(Mount("overlay", root, "overlay", 0, $"lowerdir={layer.Lower},upperdir={place}/upper,workdir={place}/work,volatile"), "mounting an overlay");
        foreach (InputBind bind in layer.Binds)
        {
            string target = $"{root}/{bind.Target}";
            Check(Mount(bind.Source, target, null, Bind, null), "binding");
            Check(Mount(null, target, null, Bind | Remount | ReadOnly, null), "making a bind read-only");
        }
    }

    /// <summary>Unmounts it all.</summary>
    public static void Unmount(string place) => Check(Unmount($"{place}/root", Detach), "unmounting");

    private static void Check(int answer, string what)
    {
        if (answer != 0)
            throw new IOException($"{what}: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    [LibraryImport("libc.so.6", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Mount(string? source, string target, string? kind, nuint flags, string? options);

    [LibraryImport("libc.so.6", EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Unmount(string target, int flags);
}
