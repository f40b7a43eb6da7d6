using System.Globalization;

namespace RemoteExec.Worker.Machine;

/// <summary>How much memory there is for actions.</summary>
internal static class MachineMemory
{
    private const int ShareKept = 16; // one part of so many is left to the worker itself and to the kernel
    private const int BytesPerKilobyte = 1024;
    private static readonly string[] limitFiles = ["memory.max", "memory.limit_in_bytes"];

    /// <summary>What the machine has, or the control groups that this process is in allow, less a sixteenth for the worker and the kernel; in bytes.</summary>
    /// <exception cref="IOException">The kernel does not tell.</exception>
    public static long ForActions() => ForActions("/");

    /// <summary>The same, where the file systems of the kernel are mounted elsewhere.</summary>
    internal static long ForActions(string root)
    {
        long available = MemoryGroup.Directories(root).SelectMany(Limits).Append(Total(root)).Min();
        return available - (available / ShareKept);
    }

    private static IEnumerable<long> Limits(string group)
    {
        foreach (string file in limitFiles.Select(name => Path.Combine(group, name)).Where(File.Exists))
        {
            // "max", or a number near the greatest, if there is no limit.
            if (long.TryParse(File.ReadAllText(file).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long limit) && limit > 0)
                yield return limit;
        }
    }

    private static long Total(string root)
    {
        const string Field = "MemTotal:";
        string line = File.ReadLines(Path.Combine(root, "proc/meminfo")).FirstOrDefault(line => line.StartsWith(Field, StringComparison.Ordinal))
            ?? throw new IOException($"/proc/meminfo has no {Field}");
        return long.Parse(line[Field.Length..].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture) * BytesPerKilobyte;
    }
}
