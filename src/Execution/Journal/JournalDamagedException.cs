namespace RemoteExec.Execution.Journal;

/// <summary>The file of a journal is damaged, and not only cut off at its end: what was in it can't be told.</summary>
public sealed class JournalDamagedException(string path, long at, string problem, long entriesBefore)
    : Exception(
        $"the scheduler's journal {path} is damaged at byte {at}: {problem}. The {entriesBefore} entries before it are good. To go on with these alone, cut the rest off with "
        + $"'truncate -s {at} {path}'; to begin with an empty queue, delete the file. Clients execute again what is lost")
{
    /// <summary>The file.</summary>
    public string Path { get; } = path;

    /// <summary>Where the damage begins, in bytes.</summary>
    public long At { get; } = at;
}
