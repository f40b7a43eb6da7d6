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
    private const int BytesPerKilobyte = 1024;

    /// <summary>Reads a <c>struct rusage</c>, which has one layout on 64-bit Linux: user and system time, each in seconds and microseconds, and the peak in kilobytes.</summary>
    public static ProcessUsage Parse(ReadOnlySpan<byte> usage)
    {
        ReadOnlySpan<long> fields = MemoryMarshal.Cast<byte, long>(usage);
        return new ProcessUsage(
            TimeSpan.FromSeconds(fields[0] + fields[2]) + TimeSpan.FromMicroseconds(fields[1] + fields[3]), fields[4] * BytesPerKilobyte);
    }

    /// <summary>What both used.</summary>
    public ProcessUsage With(ProcessUsage other) => new(CpuTime + other.CpuTime, Math.Max(PeakMemoryBytes, other.PeakMemoryBytes));
}
