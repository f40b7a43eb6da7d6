namespace RemoteExec.Cas.Stores.S3;

/// <summary>Of a prefix of one node: what it forgets in one round it deletes in the next.</summary>
internal sealed class OwnPackRemoval(LocalPresence presence, Bucket bucket) : IPackRemoval
{
    private HashSet<PackName> doomed = [];

    /// <inheritdoc/>
    public IReadOnlySet<PackName> Leaving => doomed;

    /// <inheritdoc/>
    public Task<bool> BeginAsync(IReadOnlySet<PackName> listed, CancellationToken cancellationToken) => Task.FromResult(true);

    /// <inheritdoc/>
    public async Task<int> DeleteAsync(CancellationToken cancellationToken)
    {
        int deleted = 0;
        foreach (PackName pack in doomed.ToArray())
        {
            await bucket.DeleteAsync(pack.Key, cancellationToken);
            doomed.Remove(pack);
            deleted++;
        }

        return deleted;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<PackName>> RetireAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<PackName> dead = await presence.ForgetDeadAsync(cancellationToken);
        await presence.CheckpointAsync(cancellationToken);
        doomed = [.. doomed, .. dead]; // only now is it certain that a crash does not bring them back
        return dead;
    }
}
