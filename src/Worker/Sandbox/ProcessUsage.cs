using System.Runtime.InteropServices;

namespace RemoteExec.Worker.Sandbox;

/// <summary>What processes used that have ended.</summary>
/// <param name="CpuTime">User and system time, of all of them.</param>
/// <param name="PeakMemoryBytes">
/// The most that one of them had resident at a time. Of a process that the worker started itself the kernel counts what it was before it executed its program, too: so for the main process of an
/// action this is never less than the worker's own peak, and an upper bound where it is no more than that.
/// </param>
internal readonly record struct ProcessUsage(TimeSpan CpuTime, long PeakMemoryBytes)
{
    /// <summary>What the kernel counts the data in that is read and written.</summary>
    public const int BlockBytes = 512;

    private const int BytesPerKilobyte = 1024;

    /// <summary>What was read from disks.</summary>
    public long BytesRead { get; init; }

    /// <summary>What was written, or will be, to disks.</summary>
    public long BytesWritten { get; init; }

    /// <summary>Reads a <c>struct rusage</c>, which has one layout on 64-bit Linux: user and system time, each in seconds and microseconds, the peak in kilobytes, and further on the blocks read and written.</summary>
    public static ProcessUsage Parse(ReadOnlySpan<byte> usage)
    {
        ReadOnlySpan<long> fields = MemoryMarshal.Cast<byte, long>(usage);
        return new ProcessUsage(
            TimeSpan.FromSeconds(fields[0] + fields[2]) + TimeSpan.FromMicroseconds(fields[1] + fields[3]), fields[4] * BytesPerKilobyte)
        {
            BytesRead = fields[11] * BlockBytes,
            BytesWritten = fields[12] * BlockBytes,
        };
    }

    /// <summary>What both used.</summary>
    public ProcessUsage With(ProcessUsage other) => new(CpuTime + other.CpuTime, Math.Max(PeakMemoryBytes, other.PeakMemoryBytes))
    {
        BytesRead = BytesRead + other.BytesRead,
        BytesWritten = BytesWritten + other.BytesWritten,
    };
}
