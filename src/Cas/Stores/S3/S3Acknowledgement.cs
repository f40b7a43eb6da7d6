namespace RemoteExec.Cas.Stores.S3;

/// <summary>When a commit is acknowledged, and the blob visible.</summary>
public enum S3Acknowledgement
{
    /// <summary>When the blob is in the local directory: a kill loses nothing, the loss of the disk what was not uploaded yet.</summary>
    Local,

    /// <summary>When the bucket has it. Those who commit at a time share an upload.</summary>
    S3,
}
