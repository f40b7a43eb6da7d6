using System.Runtime.InteropServices;

namespace RemoteExec.CrashHost;

/// <summary>What faulty_disk.c can let fail.</summary>
internal enum DiskOperation
{
    /// <summary>Reading.</summary>
    Read,

    /// <summary>Writing and cutting.</summary>
    Write,

    /// <summary>Flushing.</summary>
    Sync,

    /// <summary>Creating, renaming and deleting.</summary>
    Names,
}

/// <summary>Tells faulty_disk.c, which the process was started with, what is to fail.</summary>
internal static unsafe class DiskFaults
{
    private static readonly delegate* unmanaged<int, int, int, int, int, void> fail =
        (delegate* unmanaged<int, int, int, int, int, void>)NativeLibrary.GetExport(NativeLibrary.GetMainProgramHandle(), "faulty_disk_fail");

    /// <summary>Lets an operation fail from now on.</summary>
    /// <param name="operation">Which.</param>
    /// <param name="error">The error number.</param>
    /// <param name="after">How many of them succeed before.</param>
    /// <param name="times">How many fail.</param>
    /// <param name="isPartial">True if half of a write that fails is done.</param>
    public static void Fail(DiskOperation operation, int error, int after, int times, bool isPartial) => fail((int)operation, error, after, times, isPartial ? 1 : 0);

    /// <summary>Lets everything succeed again.</summary>
    public static void End()
    {
        foreach (DiskOperation operation in Enum.GetValues<DiskOperation>())
            Fail(operation, 0, 0, 0, false);
    }
}
