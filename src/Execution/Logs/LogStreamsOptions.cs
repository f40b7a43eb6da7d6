namespace RemoteExec.Execution.Logs;

/// <summary>How much room live logs may take, and for how long.</summary>
public sealed record LogStreamsOptions
{
    /// <summary>How many there may be, ended ones included: each has an open file.</summary>
    public int MaxStreams { get; init; } = 4096;

    /// <summary>The longest that one may get; workers cut theirs off sooner.</summary>
    public long MaxStreamBytes { get; init; } = 256L * 1024 * 1024;

    /// <summary>What they may take of the disk together. Those that ended first make room for others.</summary>
    public long MaxBytes { get; init; } = 2L * 1024 * 1024 * 1024;

    /// <summary>How long one that has ended can be read.</summary>
    public TimeSpan KeptFor { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a writer may be silent until it is taken to be gone: workers say something twice as often at least, if only that they are there.</summary>
    public TimeSpan WriterPatience { get; init; } = TimeSpan.FromMinutes(2);
}
