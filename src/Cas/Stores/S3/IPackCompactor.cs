namespace RemoteExec.Cas.Stores.S3;

/// <summary>Moves what is live of a pack elsewhere, so that the pack can go. What it holds is found all the time.</summary>
internal interface IPackCompactor
{
    /// <summary>Moves it, and returns how many blobs that were.</summary>
    /// <exception cref="StoreUnavailableException">The bucket can't be reached, or the disk failed.</exception>
    /// <exception cref="StoreFullException">The backlog is at its bound, or the disk is full.</exception>
    Task<long> RunAsync(KnownPack pack, CancellationToken cancellationToken);
}
