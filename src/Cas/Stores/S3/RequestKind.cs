namespace RemoteExec.Cas.Stores.S3;

/// <summary>What a request to the bucket is for. There is none for HEAD: existence is never asked of the bucket.</summary>
internal enum RequestKind
{
    /// <summary>An object is written, or one part of it, or its parts are begun, joined or given up.</summary>
    Put,

    /// <summary>An object, or a range of it, is read.</summary>
    Get,

    /// <summary>A thousand names are listed.</summary>
    List,

    /// <summary>An object is deleted.</summary>
    Delete,
}
