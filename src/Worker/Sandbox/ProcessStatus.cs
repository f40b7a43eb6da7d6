using System.Globalization;
using RemoteExec.Native;

namespace RemoteExec.Worker.Sandbox;

/// <summary>What /proc says of a process, dead or alive, that nobody has collected yet.</summary>
/// <param name="Id">The process id.</param>
/// <param name="Parent">The parent's id.</param>
/// <param name="Session">The session's id.</param>
/// <param name="Started">When it started, in clock ticks since the machine did.</param>
internal readonly record struct ProcessStatus(int Id, int Parent, int Session, long Started)
{
    /// <summary>All processes that can be seen; those that come and go meanwhile may be missing.</summary>
    public static IEnumerable<ProcessStatus> All()
    {
        foreach (string directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out int id) && Of(id) is { } status)
                yield return status;
        }
    }

    /// <summary>Asks about one process; null if it is gone.</summary>
    public static ProcessStatus? Of(int id)
    {
        string text;
        try
        {
            text = File.ReadAllText($"/proc/{id}/stat");
        }
        catch (IOException)
        {
            return null;
        }

        // "id (name) state parent group session …": the name may contain anything, but the last parenthesis ends it.
        string[] fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
        return new ProcessStatus(id, (int)Number(1), (int)Number(3), Number(19));

        long Number(int index) => long.Parse(fields[index], CultureInfo.InvariantCulture);
    }

    /// <summary>The effective user of a process; null if it is gone.</summary>
    public static uint? UserOf(int id) => FileStatus.Of($"/proc/{id}")?.UserId;
}
