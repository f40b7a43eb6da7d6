namespace RemoteExec.Assets.Git;

/// <summary>How a run of git has ended.</summary>
/// <param name="ExitCode">0 if it did well.</param>
/// <param name="Complaints">What it wrote to standard error, in part.</param>
internal readonly record struct GitRun(int ExitCode, string Complaints)
{
    private const int NotFound = 127, FileTooLong = 128 + 25;

    /// <summary>Whether it did well.</summary>
    public bool IsGood => ExitCode == 0;

    /// <summary>Whether there is no git on this machine.</summary>
    public bool IsMissing => ExitCode == NotFound;

    /// <summary>Whether a file became longer than it may be.</summary>
    public bool IsTooLong => ExitCode == FileTooLong || Says("File size limit exceeded") || Says("File too large");

    /// <summary>Whether it has said so.</summary>
    public bool Says(string text) => Complaints.Contains(text, StringComparison.OrdinalIgnoreCase);
}
