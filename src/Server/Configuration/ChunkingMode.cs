namespace RemoteExec.Server.Configuration;

/// <summary>When large blobs are cut into chunks.</summary>
internal enum ChunkingMode
{
    /// <summary>When a client asks for it.</summary>
    OnDemand,

    /// <summary>When they are written.</summary>
    Always,
}
