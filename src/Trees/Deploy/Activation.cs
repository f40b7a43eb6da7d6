using RemoteExec.Native;

namespace RemoteExec.Trees.Deploy;

/// <summary>
/// Puts a release into service in the place of another, with the hooks before and after. What is about to be done is written down before anything changes, and what was done after; whenever this is broken off, the symlink
/// leads to one of the two, and whoever comes next knows what was under way.
/// </summary>
/// <param name="directory">Where the releases are.</param>
/// <param name="hooks">What is run.</param>
/// <param name="held">That nobody else changes anything.</param>
internal sealed class Activation(DeployDirectory directory, ReleaseHooks hooks, DeployLock held)
{
    private const string Rollback = "rollback", Deploy = "deploy";

    /// <summary>Does it.</summary>
    /// <param name="record">The releases as they are.</param>
    /// <param name="next">What is to be in service, all of which is there.</param>
    /// <param name="cancellationToken">Breaks it off.</param>
    /// <returns>The releases as they are then.</returns>
    /// <exception cref="TreeException">A hook failed; what was in service is in service.</exception>
    /// <exception cref="IOException">Something can't be written.</exception>
    public async Task<ReleaseRecord> RunAsync(ReleaseRecord record, UnfinishedRelease next, CancellationToken cancellationToken)
    {
        string action = next.IsRollback ? Rollback : Deploy;
        Release? before = record.Find(next.Before);
        if (await ReleaseHooks.RunAsync(hooks.Pre, directory, action, next.Release, before, cancellationToken) is { } refusal)
            throw new TreeException($"--pre {refusal} in '{directory.PathOf(next.Release.Name)}': nothing was changed");
        ReleaseRecord begun = record with { Unfinished = next };
        ReleaseRecordFile.Save(directory.RecordPath, begun);
        FileMoves.Settle(held.Handle);
        directory.Flip(next.Release.Name);
        if (await ReleaseHooks.RunAsync(hooks.Post, directory, action, next.Release, before, cancellationToken) is { } failure)
        {
            directory.Flip(next.Before);
            ReleaseRecordFile.Save(directory.RecordPath, record.Settle(next.Before));
            throw await FailureAsync(failure, next.Release, before, cancellationToken);
        }

        ReleaseRecord done = begun.Finish();
        ReleaseRecordFile.Save(directory.RecordPath, done);
        return done;
    }

    // What the hook has made use the new release, it has to make use the old one again.
    private async Task<TreeException> FailureAsync(string failure, Release failed, Release? before, CancellationToken cancellationToken)
    {
        string what = $"--post {failure} in '{directory.PathOf(failed.Name)}'";
        if (before is null)
            return new TreeException($"{what}: nothing is in service, as before");
        string? again = await ReleaseHooks.RunAsync(hooks.Post, directory, Rollback, before, failed, cancellationToken);
        return new TreeException($"{what}: {before} is in service again{(again is null ? "" : $", but for it --post {again} as well")}");
    }
}
