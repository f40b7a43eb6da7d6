using RemoteExec.Protocol;

namespace RemoteExec.References;

/// <summary>
/// Where references are kept: for each instance and name one record, which is changed only by those who know its version. What has been acknowledged is there after a crash. All methods may be called
/// concurrently, and by several servers if the medium is shared.
/// </summary>
public interface IReferenceStore
{
    /// <summary>The record of a name; null if there is none.</summary>
    /// <exception cref="Cas.StoreUnavailableException">The medium fails.</exception>
    Task<ReferenceRecord?> FindAsync(InstanceName instance, ReferenceName name, CancellationToken cancellationToken);

    /// <summary>Records of an instance in the order of their names' characters.</summary>
    /// <param name="instance">The instance.</param>
    /// <param name="prefix">How the names begin.</param>
    /// <param name="after">Those that come after this one; empty for all.</param>
    /// <param name="count">How many at most, at least 1.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="Cas.StoreUnavailableException">The medium fails.</exception>
    Task<IReadOnlyList<ReferenceRecord>> ListAsync(InstanceName instance, string prefix, string after, int count, CancellationToken cancellationToken);

    /// <summary>Puts a record in the place of the one with a version, if it still has that version; 0 if there is to be none. False if it has not.</summary>
    /// <exception cref="Cas.StoreUnavailableException">The medium fails; it may have been put all the same.</exception>
    Task<bool> ReplaceAsync(InstanceName instance, ReferenceRecord record, long expectedVersion, CancellationToken cancellationToken);

    /// <summary>Removes a record, if it still has a version. False if it has not.</summary>
    /// <exception cref="Cas.StoreUnavailableException">The medium fails.</exception>
    Task<bool> RemoveAsync(InstanceName instance, ReferenceName name, long expectedVersion, CancellationToken cancellationToken);

    /// <summary>The instances that have records.</summary>
    /// <exception cref="Cas.StoreUnavailableException">The medium fails.</exception>
    Task<IReadOnlyList<InstanceName>> InstancesAsync(CancellationToken cancellationToken);
}
