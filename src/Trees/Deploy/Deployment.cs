using RemoteExec.Cas;
using RemoteExec.Trees.Pull;
using RemoteExec.Trees.Remote;

namespace RemoteExec.Trees.Deploy;

/// <summary>
/// Has directories of the CAS in service on this machine, one at a time: each is fetched beside those that are there, shares what they have in common, and is put into service in one step when it is complete. One that is broken off at
/// any time is gone on with by the next.
/// </summary>
/// <param name="directory">Where the releases are; need not be there.</param>
/// <param name="cas">The server's blobs.</param>
/// <param name="server">Takes large blobs apart; null if nothing does.</param>
/// <param name="options">How it is done.</param>
/// <param name="time">The clock.</param>
public sealed class Deployment(DeployDirectory directory, IBlobStore cas, CasClient? server, DeployOptions options, TimeProvider time)
{
    /// <summary>Deploys a release.</summary>
    /// <param name="release">The release; the time in it does not matter.</param>
    /// <param name="cancellationToken">Breaks it off.</param>
    /// <exception cref="LocalChangesException">It is there, and somebody has changed it.</exception>
    /// <exception cref="TreeException">It can't be had, a hook failed, or somebody else is at work there.</exception>
    /// <exception cref="IOException">Something can't be read or written.</exception>
    /// <exception cref="CasException">The CAS fails.</exception>
    public async Task<DeployedRelease> RunAsync(Release release, CancellationToken cancellationToken)
    {
        directory.Create();
        using DeployLock held = await DeployLock.TakeAsync(directory, $"which deploys {release}", options.Waits, time, cancellationToken);
        string? current = directory.Current;
        ReleaseRecord record = ReleaseRecordFile.Load(directory.RecordPath).Settle(current);
        directory.DeleteAllBut(NamesOf(record, current, release.Name));
        try
        {
            PulledTree pulled = await PullAsync(release, record, current, cancellationToken);
            if (pulled.IsUnchanged && current == release.Name && record is { Unfinished: null } && record.Find(current) is { } known)
                return new DeployedRelease(known, pulled.Directory, record.Before(current).LastOrDefault(), true, pulled, []);
            string? before = record.Unfinished is { IsRollback: false } unfinished ? unfinished.Before : current;
            Release now = release with { Deployed = time.GetUtcNow() };
            ReleaseRecord done = await new Activation(directory, options.Hooks, held).RunAsync(record, new UnfinishedRelease(now, before, false), cancellationToken);
            ReleaseRecord kept = done.Keep(options.Keep);
            ReleaseRecordFile.Save(directory.RecordPath, kept);
            return new DeployedRelease(now, pulled.Directory, record.Find(before), false, pulled, directory.DeleteAllBut(NamesOf(kept, now.Name, now.Name)));
        }
        finally
        {
            SharedBlobs.Sweep(directory.BlobsPath);
        }
    }

    private static HashSet<string> NamesOf(ReleaseRecord record, string? current, string wanted) =>
        [wanted, current ?? wanted, record.Unfinished?.Release.Name ?? wanted, .. record.Releases.Select(release => release.Name)];

    private async Task<PulledTree> PullAsync(Release release, ReleaseRecord record, string? current, CancellationToken cancellationToken)
    {
        bool wasInService = release.Name == current || record.Find(release.Name) is not null;
        var pulling = new TreePullOptions
        {
            State = directory.Files,
            Force = options.Force || !wasInService, // then nobody but a hook can have changed it
            CacheDirectory = directory.BlobsPath,
            Links = true,
            Alike = current is null ? null : directory.PathOf(current),
        };
        using TreePull pull = TreePull.Look(directory.PathOf(release.Name), release.Root, cas, server, pulling, time, cancellationToken);
        if (pull.IsUpToDate)
            return pull.Unchanged();
        try
        {
            await pull.PrepareAsync(cancellationToken);
        }
        catch (LocalChangesException exception) when (exception.IsOnlyMore)
        {
            return pull.Unchanged(); // what programs write beside their own files harms nobody
        }

        PulledTree? pulled = null;
        await options.Progress(pull.BytesToFetch, async done => pulled = await pull.FetchAsync(done, cancellationToken));
        return pulled!;
    }
}
