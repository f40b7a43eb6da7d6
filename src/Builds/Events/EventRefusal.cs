namespace RemoteExec.Builds.Events;

/// <summary>Why an event is refused.</summary>
internal enum EventRefusal
{
    /// <summary>It is not the one that follows (BES-03).</summary>
    OutOfOrder,

    /// <summary>What it belongs to was not announced (BES-04).</summary>
    NotAnnounced,
}
