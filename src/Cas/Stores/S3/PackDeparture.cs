namespace RemoteExec.Cas.Stores.S3;

/// <summary>A pack that is about to be deleted.</summary>
internal sealed class PackDeparture
{
    /// <summary>The number of the log's entry that says so; 0 if Redis lost that, and is told anew.</summary>
    public long Number { get; set; }

    /// <summary>When this node heard of it.</summary>
    public required long Since { get; init; }

    /// <summary>True if nothing of it can be read here any more.</summary>
    public bool IsForgotten { get; set; }
}
