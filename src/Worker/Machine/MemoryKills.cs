using System.Globalization;

namespace RemoteExec.Worker.Machine;

/// <summary>
/// How many processes the kernel has killed because memory was short: in the control group of this process if it tells, else on the machine. One that rises
/// while a process dies by SIGKILL tells why, most likely: the kernel does not say whom it has killed.
/// </summary>
internal sealed class MemoryKills
{
    private const string Field = "oom_kill ";
    private readonly string? file;

    /// <summary>Looks for a file that tells.</summary>
    /// <param name="root">Where the file systems of the kernel are mounted, for tests; <c>/</c>.</param>
    public MemoryKills(string root)
    {
        IEnumerable<string> ofGroups = MemoryGroup.Directories(root).Take(1).SelectMany(group => new[] { Path.Combine(group, "memory.events"), Path.Combine(group, "memory.oom_control") });
        file = ofGroups.Append(Path.Combine(root, "proc/vmstat")).FirstOrDefault(candidate => Read(candidate) is not null);
    }

    /// <summary>The number until now; 0 if nothing tells.</summary>
    public long Count() => file is null ? 0 : Read(file) ?? 0;

    private static long? Read(string path)
    {
        try
        {
            string? line = File.ReadLines(path).FirstOrDefault(line => line.StartsWith(Field, StringComparison.Ordinal));
            return line is null ? null : long.Parse(line[Field.Length..], CultureInfo.InvariantCulture);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null; // not there, or the group is gone
        }
    }
}
