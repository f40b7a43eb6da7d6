namespace RemoteExec.Builds.Events;

/// <summary>Where a stream stands: what is on the disk, and what is about to be.</summary>
internal sealed class StreamState
{
    private long committedLast;
    private bool committedOpened;
    private bool committedFinished;

    /// <summary>One that stands where the disk says.</summary>
    public StreamState(long last, bool isOpened, bool isFinished)
    {
        (Last, IsOpened, IsFinished) = (last, isOpened, isFinished);
        Commit();
    }

    /// <summary>The number of its last event; 0 before the first.</summary>
    public long Last { get; set; }

    /// <summary>True if it has announced what it is about.</summary>
    public bool IsOpened { get; set; }

    /// <summary>True if it has said that it ends.</summary>
    public bool IsFinished { get; set; }

    /// <summary>When it was heard of last, in milliseconds since 1970.</summary>
    public long Seen { get; set; }

    /// <summary>What is there was written.</summary>
    public void Commit() => (committedLast, committedOpened, committedFinished) = (Last, IsOpened, IsFinished);

    /// <summary>What is there could not be written.</summary>
    public void Revert() => (Last, IsOpened, IsFinished) = (committedLast, committedOpened, committedFinished);
}
