namespace RemoteExec.Fetching;

/// <summary>Why something could not be fetched, as far as callers tell it apart.</summary>
public enum FetchFailure
{
    /// <summary>Who has it can't be reached, or fails: later it may be had.</summary>
    Unavailable,

    /// <summary>It is not fetched from there, or whoever has it does not give it away, or is not who he should be.</summary>
    Refused,

    /// <summary>There is no such thing, or nobody of that name.</summary>
    Absent,

    /// <summary>It is longer than it may be.</summary>
    TooLong,
}
