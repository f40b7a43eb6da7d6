using RemoteExec.Protocol.Journals;

namespace RemoteExec.Execution.Journal;

/// <summary>What a journal tells of one operation.</summary>
/// <param name="number">Its place in the order of all.</param>
/// <param name="accepted">How it was started.</param>
internal sealed class OperationRecord(long number, Accepted accepted)
{
    /// <summary>Its place in the order of all.</summary>
    public long Number { get; } = number;

    /// <summary>How it was started.</summary>
    public Accepted Accepted { get; } = accepted;

    /// <summary>The execution that it waits for; null before there is one, and once it has ended.</summary>
    public long? Execution { get; set; }

    /// <summary>True if its clients may have heard that it runs, which is not taken back .</summary>
    public bool IsStarted { get; set; }

    /// <summary>How it ended; null before that.</summary>
    public Ended? Ended { get; set; }

    /// <summary>When it ended; null before that.</summary>
    public DateTimeOffset? EndedAt { get; set; }
}
