namespace RemoteExec.Trees.Deploy;

/// <summary>
/// Which releases there are, in the order in which they were put into service. Going back to one does not change the order; what is deployed from there comes right behind it, so that what was given up is never what somebody
/// goes back to next.
/// </summary>
/// <param name="Releases">The releases, the latest one last.</param>
/// <param name="Unfinished">What is under way, or was when it was broken off.</param>
internal sealed record ReleaseRecord(IReadOnlyList<Release> Releases, UnfinishedRelease? Unfinished)
{
    /// <summary>The fewest releases that are kept: the one in service, and the one before.</summary>
    public const int MinKept = 2;

    private const int MinPrefix = 4;

    /// <summary>No release.</summary>
    public static ReleaseRecord Empty { get; } = new([], null);

    /// <summary>The release of a name; null if there is none.</summary>
    public Release? Find(string? name) => Unfinished is { IsRollback: false } unfinished && unfinished.Release.Name == name ? unfinished.Release : Releases.FirstOrDefault(release => release.Name == name);

    /// <summary>The same, without what never became the one in service.</summary>
    /// <param name="current">The name of the one in service.</param>
    public ReleaseRecord Settle(string? current) => Unfinished is not null && Unfinished.Release.Name != current ? this with { Unfinished = null } : this;

    /// <summary>The releases that were in service before, the latest one last; of one that is unfinished, that which it was to replace, and those before.</summary>
    /// <param name="current">The name of the one in service.</param>
    public IReadOnlyList<Release> Before(string? current)
    {
        if (Unfinished is not { IsRollback: false } unfinished)
            return [.. Releases.TakeWhile(release => release.Name != current)];
        int after = Releases.Select(release => release.Name).ToList().IndexOf(unfinished.Before ?? "") + 1;
        return [.. Releases.Take(after).Where(release => release.Name != current)];
    }

    /// <summary>What was under way is done.</summary>
    public ReleaseRecord Finish()
    {
        if (Unfinished is not { IsRollback: false } done)
            return this with { Unfinished = null };
        IEnumerable<Release> before = Releases.Where(release => release.Name == done.Before && release.Name != done.Release.Name);
        return new ReleaseRecord([.. Releases.Where(release => release.Name != done.Before && release.Name != done.Release.Name), .. before, done.Release], null);
    }

    /// <summary>The same, with so many of the latest releases alone, of which the one in service is the last one.</summary>
    /// <param name="count">How many are kept.</param>
    public ReleaseRecord Keep(int count) => this with { Releases = [.. Releases.TakeLast(Math.Max(count, MinKept))] };

    /// <summary>The release that somebody means.</summary>
    /// <param name="text">How many steps before the one in service it is; or its digest, its hash or the beginning of that.</param>
    /// <param name="current">The name of the one in service.</param>
    /// <exception cref="TreeException">There is none, or more than one.</exception>
    public Release Choose(string text, string? current)
    {
        if (text.Length < MinPrefix && int.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out int steps))
        {
            IReadOnlyList<Release> before = Before(current);
            return steps > 0 && steps <= before.Count ? before[^steps] : throw new TreeException($"there are {before.Count} releases before the current one: '{text}' is none of them");
        }

        string hash = text[(text.IndexOf(':', StringComparison.Ordinal) + 1)..].Split('/')[0];
        Release[] found = hash.Length < MinPrefix ? [] : [.. Releases.Where(release => release.Name.StartsWith(hash, StringComparison.Ordinal))];
        return found switch
        {
            [Release one] => one,
            [] => throw new TreeException($"'{text}' is no release that is kept: name one of those that 'remoteexec releases' lists"),
            _ => throw new TreeException($"'{text}' is the beginning of {found.Length} releases: write more of it"),
        };
    }
}
