namespace RemoteExec.Trees.Deploy;

/// <summary>A release as it is listed.</summary>
/// <param name="Release">The release.</param>
/// <param name="Path">Its directory.</param>
/// <param name="State">Whether it is in service.</param>
/// <param name="Back">How many steps before the one in service it is; null if it is not before it.</param>
public sealed record ListedRelease(Release Release, string Path, ReleaseState State, int? Back)
{
    /// <summary>The releases in a directory, the latest one first.</summary>
    /// <exception cref="TreeException">Nothing was deployed there, or what is known of it can't be read.</exception>
    /// <exception cref="IOException">It can't be read.</exception>
    public static IReadOnlyList<ListedRelease> Of(DeployDirectory directory)
    {
        directory.CheckUsed();
        string? current = directory.Current;
        ReleaseRecord record = ReleaseRecordFile.Load(directory.RecordPath).Settle(current);
        IReadOnlyList<Release> before = record.Before(current);
        IEnumerable<Release> all = record.Unfinished is { Release: { } unfinished } && record.Releases.All(release => release.Name != unfinished.Name) ? record.Releases.Append(unfinished) : record.Releases;
        return [.. all.Reverse().Select(release => new ListedRelease(
            release,
            directory.PathOf(release.Name),
            release.Name != current ? ReleaseState.Kept : record.Unfinished is null ? ReleaseState.Current : ReleaseState.Unfinished,
            before.Contains(release) ? before.Count - before.ToList().IndexOf(release) : null))];
    }
}
