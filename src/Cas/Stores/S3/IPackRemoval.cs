namespace RemoteExec.Cas.Stores.S3;

/// <summary>How packs of which nothing is needed any more leave the bucket: first nobody finds them, for good, and only then their objects go. Used by one caller at a time.</summary>
internal interface IPackRemoval
{
    /// <summary>The packs that are about to be deleted, and not to be found again.</summary>
    IReadOnlySet<PackName> Leaving { get; }

    /// <summary>Begins a round; false if this node is not to collect now.</summary>
    /// <param name="listed">The packs that the bucket has.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<bool> BeginAsync(IReadOnlySet<PackName> listed, CancellationToken cancellationToken);

    /// <summary>Deletes the objects that left before. Returns how many.</summary>
    /// <exception cref="StoreUnavailableException">The bucket can't be reached.</exception>
    Task<int> DeleteAsync(CancellationToken cancellationToken);

    /// <summary>Has the packs leave of which nothing is live, and brings to the disk what was dropped and used. Returns which.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    Task<IReadOnlyList<PackName>> RetireAsync(CancellationToken cancellationToken);
}
