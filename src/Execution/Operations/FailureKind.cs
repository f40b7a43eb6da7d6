namespace RemoteExec.Execution.Operations;

/// <summary>Why an operation failed on the scheduler's side; <c>Services/ExecutionErrors</c> turns it into a status.</summary>
internal enum FailureKind
{
    /// <summary>The action or its command is malformed, or asks for what no configuration of the server could give.</summary>
    InvalidAction,

    /// <summary>Blobs are missing that the client has to upload.</summary>
    MissingBlobs,

    /// <summary>No worker offers the platform.</summary>
    NoWorker,

    /// <summary>A client cancelled the operation.</summary>
    Cancelled,

    /// <summary>An operator has cancelled the build it is of.</summary>
    Refused,

    /// <summary>Nobody waited any more.</summary>
    Abandoned,

    /// <summary>The server shuts down.</summary>
    ShuttingDown,

    /// <summary>There are too many operations already.</summary>
    QueueFull,

    /// <summary>Storage is out of reach; the same call may succeed later.</summary>
    StorageUnavailable,

    /// <summary>Storage has no room.</summary>
    StorageFull,

    /// <summary>The workers that had the action were lost, one after the other.</summary>
    WorkerLost,

    /// <summary>A worker broke the rules, or the server has a defect.</summary>
    Internal,
}
