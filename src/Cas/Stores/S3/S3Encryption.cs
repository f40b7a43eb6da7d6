namespace RemoteExec.Cas.Stores.S3;

/// <summary>How the service encrypts what it keeps.</summary>
public enum S3Encryption
{
    /// <summary>As the bucket is set up.</summary>
    None,

    /// <summary>With keys of the service (SSE-S3).</summary>
    Aes256,

    /// <summary>With a key of the key management service (SSE-KMS).</summary>
    Kms,
}
