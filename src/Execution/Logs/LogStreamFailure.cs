namespace RemoteExec.Execution.Logs;

/// <summary>Why a call about a log stream failed; <c>Services/ExecutionErrors</c> turns it into a status.</summary>
internal enum LogStreamFailure
{
    /// <summary>There is no such stream, or no longer.</summary>
    NotFound,

    /// <summary>The request makes no sense, or comes at the wrong time.</summary>
    BadRequest,

    /// <summary>The offset lies behind the end of the log.</summary>
    BehindEnd,

    /// <summary>There is no room for more.</summary>
    NoRoom,

    /// <summary>The log ended where it does not end: its writer is gone.</summary>
    BrokenOff,
}
