using System.Text;

namespace RemoteExec.Worker.Audit;

/// <summary>Reads what the launcher has written down of an action (src/Launcher/audit.c).</summary>
internal static class AccessRecord
{
    /// <summary>What stands in a record. The last event may be missing, if the action was killed.</summary>
    /// <exception cref="InvalidDataException">It is no record.</exception>
    public static IReadOnlyList<Access> Parse(ReadOnlySpan<byte> record)
    {
        var accesses = new List<Access>();
        for (int end; (end = record.IndexOf((byte)0)) >= 0; record = record[(end + 1)..])
        {
            if (end == 0 || !Enum.IsDefined((AccessKind)record[0]))
                throw new InvalidDataException($"the record of an audit has an event of a kind that does not exist, after {accesses.Count} others");
            accesses.Add(new Access((AccessKind)record[0], Encoding.UTF8.GetString(record[1..end])));
        }

        return accesses;
    }
}

/// <summary>One event.</summary>
/// <param name="Kind">What was done.</param>
/// <param name="Name">With what: an absolute path as the action used it, which may have <c>..</c> and symlinks in it; or an address, or a call.</param>
internal readonly record struct Access(AccessKind Kind, string Name);
