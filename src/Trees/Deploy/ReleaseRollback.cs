using RemoteExec.Trees.Pull;

namespace RemoteExec.Trees.Deploy;

/// <summary>Puts releases into service that were in service before. No server is asked for anything.</summary>
/// <param name="directory">Where the releases are.</param>
/// <param name="hooks">What is run before and after.</param>
/// <param name="verifies">Whether all of a release is read and compared with what was deployed.</param>
/// <param name="waits">Whether the end of another process is waited for that changes releases.</param>
/// <param name="time">The clock.</param>
public sealed class ReleaseRollback(DeployDirectory directory, ReleaseHooks hooks, bool verifies, bool waits, TimeProvider time)
{
    /// <summary>Goes back to a release.</summary>
    /// <param name="to">Which one, as <c>--to</c> has it; null for the one before.</param>
    /// <param name="cancellationToken">Breaks it off.</param>
    /// <returns>The release that is in service, and the one that was.</returns>
    /// <exception cref="TreeException">There is none, somebody has changed it, a hook failed, or somebody else is at work there.</exception>
    /// <exception cref="IOException">Something can't be read or written.</exception>
    public async Task<(Release Now, Release? Before)> RunAsync(string? to, CancellationToken cancellationToken)
    {
        directory.CheckUsed();
        using DeployLock held = await DeployLock.TakeAsync(directory, "which goes back to a release", waits, time, cancellationToken);
        string? current = directory.Current;
        ReleaseRecord record = ReleaseRecordFile.Load(directory.RecordPath).Settle(current);
        UnfinishedRelease next = Choose(record, to, current);
        if (!Directory.Exists(directory.PathOf(next.Release.Name)))
            throw new TreeException($"'{directory.PathOf(next.Release.Name)}' was deleted: deploy {next.Release.Root.ToArgument()} again");
        if (verifies)
            await VerifyAsync(next.Release, cancellationToken);
        if (next.Release.Name != current || record.Unfinished is not null)
            await new Activation(directory, hooks, held).RunAsync(record, next, cancellationToken);
        return (next.Release, record.Find(next.Before));
    }

    private UnfinishedRelease Choose(ReleaseRecord record, string? to, string? current)
    {
        if (to is null && record.Unfinished is { IsRollback: true } brokenOff)
            return brokenOff;
        Release? release = to is null ? record.Before(current).LastOrDefault() : record.Choose(to, current);
        return release is null
            ? throw new TreeException($"there is no release before the one in service in '{directory.Path}': name one of those that 'remoteexec releases' lists with --to")
            : new UnfinishedRelease(release, current, true);
    }

    private async Task VerifyAsync(Release release, CancellationToken cancellationToken)
    {
        var target = new PullTarget(directory.PathOf(release.Name), release.Root, directory.Files, time);
        target.Look(cancellationToken);
        try
        {
            if (!target.IsUpToDate)
                await target.CheckUnchangedAsync(cancellationToken);
        }
        catch (LocalChangesException exception) when (!exception.IsOnlyMore)
        {
            throw new TreeException($"{exception.Told}: put it right with 'remoteexec deploy {release.Root.ToArgument()} {directory.Path} --force', or go back to it as it is, without --verify", exception);
        }
        catch (LocalChangesException)
        {
            // What programs write beside their own files harms nobody.
        }
    }
}
