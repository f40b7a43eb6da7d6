namespace RemoteExec.Builds.Events;

/// <summary>What became of an event that is acknowledged.</summary>
internal enum EventOutcome
{
    /// <summary>Something of it is kept.</summary>
    Kept,

    /// <summary>Nothing of it is: it tells what nobody asks about here, such as the client's own output.</summary>
    Ignored,

    /// <summary>It was taken before.</summary>
    Repeated,

    /// <summary>It is no event that anybody understands.</summary>
    Malformed,
}
