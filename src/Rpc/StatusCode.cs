namespace RemoteExec.Rpc;

/// <summary>gRPC status codes, with their numbers on the wire.</summary>
public enum StatusCode
{
    /// <summary>Success.</summary>
    Ok = 0,

    /// <summary>The caller gave up, or the operation was cancelled.</summary>
    Cancelled = 1,

    /// <summary>No better code is known.</summary>
    Unknown = 2,

    /// <summary>The request is wrong, whatever the state of the server.</summary>
    InvalidArgument = 3,

    /// <summary>The deadline passed before the end.</summary>
    DeadlineExceeded = 4,

    /// <summary>What was asked for is not there.</summary>
    NotFound = 5,

    /// <summary>What was to be made is there already.</summary>
    AlreadyExists = 6,

    /// <summary>The caller may not do this.</summary>
    PermissionDenied = 7,

    /// <summary>A quota, a limit or the disk is used up.</summary>
    ResourceExhausted = 8,

    /// <summary>The server is not in the state that the request needs.</summary>
    FailedPrecondition = 9,

    /// <summary>A conflict with another call.</summary>
    Aborted = 10,

    /// <summary>Past the valid range.</summary>
    OutOfRange = 11,

    /// <summary>Not offered here.</summary>
    Unimplemented = 12,

    /// <summary>A defect of the server.</summary>
    Internal = 13,

    /// <summary>Passing: try again.</summary>
    Unavailable = 14,

    /// <summary>Data is lost or damaged beyond recovery.</summary>
    DataLoss = 15,

    /// <summary>Who calls is not known.</summary>
    Unauthenticated = 16,
}
