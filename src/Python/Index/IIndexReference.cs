using RemoteExec.Protocol;

namespace RemoteExec.Python.Index;

/// <summary>The name under which the directory of an index is, wherever that is kept.</summary>
public interface IIndexReference
{
    /// <summary>What it names, and its version; no directory and 0 if there is no such reference.</summary>
    Task<(Digest? Root, long Version)> FindAsync(CancellationToken cancellationToken);

    /// <summary>Lets it name a directory, all of which is in the CAS, if it is still at a version; 0 if there is to be none. False if it is not.</summary>
    /// <param name="root">The directory.</param>
    /// <param name="expectedVersion">The version.</param>
    /// <param name="note">What was changed.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<bool> TrySetAsync(Digest root, long expectedVersion, string note, CancellationToken cancellationToken);
}
