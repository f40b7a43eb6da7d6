namespace RemoteExec.Cas.Builds;

/// <summary>What came of a call.</summary>
public enum CallKind
{
    /// <summary>The result of an action was asked for, and answered.</summary>
    Hit,

    /// <summary>The result of an action was asked for, and there was none.</summary>
    Miss,

    /// <summary>A client has stored the result of an action.</summary>
    Stored,

    /// <summary>A call of Execute has ended, however it ended.</summary>
    Executed,

    /// <summary>Blobs were sent to the client.</summary>
    Read,

    /// <summary>Blobs came from the client.</summary>
    Written,

    /// <summary>The client asked which blobs are missing.</summary>
    AskedMissing,
}
