namespace RemoteExec.Assets;

/// <summary>Why an asset is not to be had, as clients tell it apart (AST-05).</summary>
public enum AssetFailure
{
    /// <summary>Who has it can't be reached: later it may be had.</summary>
    Unavailable,

    /// <summary>It is not fetched from there, or whoever has it refuses it.</summary>
    Refused,

    /// <summary>There is no such thing.</summary>
    Absent,

    /// <summary>It is longer than what is fetched.</summary>
    TooLong,

    /// <summary>It is not what it was to be.</summary>
    Inconsistent,

    /// <summary>It has taken longer than it was to take.</summary>
    TimedOut,

    /// <summary>The request says what can't be done.</summary>
    Unsupported,
}
