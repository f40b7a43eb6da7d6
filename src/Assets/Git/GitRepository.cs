using RemoteExec.Fetching;

namespace RemoteExec.Assets.Git;

/// <summary>A repository on its way: as much of it as is needed for one commit.</summary>
/// <param name="git">Runs git.</param>
/// <param name="proxy">The way to the network, which knows better than git why it was none.</param>
/// <param name="place">Where it comes from.</param>
internal sealed class GitRepository(GitProgram git, FetchProxy proxy, Uri place)
{
    private const string Wanted = "refs/heads/wanted";

    // What a commit has is exported as it is: attributes that come with it can't leave anything out, nor change it.
    private const string Attributes = "* !text !eol !ident !filter !working-tree-encoding !export-ignore !export-subst\n";

    private static readonly (string Text, FetchFailure Failure)[] reasons =
    [
        ("couldn't find remote ref", FetchFailure.Absent),
        ("not our ref", FetchFailure.Absent),
        ("' not found", FetchFailure.Absent),
        ("error: 404", FetchFailure.Absent),
        ("error: 401", FetchFailure.Refused),
        ("error: 403", FetchFailure.Refused),
        ("error: 30", FetchFailure.Refused), // where it leads to, it is not followed
        ("Authentication failed", FetchFailure.Refused),
        ("could not read Username", FetchFailure.Refused),
        ("certificate", FetchFailure.Refused),
        ("Protocol \"http\"", FetchFailure.Refused),
        ("transport 'http' not allowed", FetchFailure.Refused),
    ];

    /// <summary>Fetches a commit with all that is in it.</summary>
    /// <returns>Its hash.</returns>
    /// <exception cref="FetchFailedException">It can't be had.</exception>
    /// <exception cref="AssetException">There is no git on this machine.</exception>
    public async Task<string> FetchAsync(GitRevision revision, CancellationToken cancellationToken)
    {
        GitRun made = await git.RunAsync(["init", "--quiet", "--bare", "--template=", $"--object-format={(revision.IsSha256 ? "sha256" : "sha1")}", git.Repository], null, cancellationToken);
        if (made.IsMissing)
            throw new AssetException(AssetFailure.Unsupported, "repositories of git can't be fetched: the program git is not installed on the server");
        Check(made);
        Directory.CreateDirectory(Path.Combine(git.Repository, "info"));
        await File.WriteAllTextAsync(Path.Combine(git.Repository, "info", "attributes"), Attributes, cancellationToken);
        if (revision.Commit.Length == 0)
        {
            string branch = revision.Branch.Length > 0 ? $"refs/heads/{revision.Branch}" : "HEAD";
            await FetchAsync([$"+{branch}:{Wanted}"], [$"+{branch}:{Wanted}"], cancellationToken);
            return await ResolveAsync(Wanted, cancellationToken) ?? throw Absent($"what '{branch}' names is no commit");
        }

        if (revision.Branch.Length == 0)
            await FetchAsync([revision.Commit], ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"], cancellationToken);
        else
            await FetchAsync(null, [$"+refs/heads/{revision.Branch}:{Wanted}"], cancellationToken);
        if (await ResolveAsync(revision.Commit, cancellationToken) != revision.Commit)
            throw Absent($"there is no commit {revision.Commit}");
        if (revision.Branch.Length > 0 && !(await git.RunAsync(["merge-base", "--is-ancestor", revision.Commit, Wanted], null, cancellationToken)).IsGood)
            throw Absent($"the commit {revision.Commit} is not on the branch '{revision.Branch}'");
        return revision.Commit;
    }

    /// <summary>Writes the files of a commit to an archive.</summary>
    /// <exception cref="FetchFailedException">They have more bytes than may be fetched.</exception>
    /// <exception cref="AssetException">There are names among them that no files of a repository have.</exception>
    public async Task ExportAsync(string commit, string archive, CancellationToken cancellationToken)
    {
        GitRun run = await git.RunAsync(["archive", "--format=tar", $"--output={archive}", $"{commit}^{{tree}}"], null, cancellationToken);
        if (run.Says("invalid path"))
            throw new AssetException(AssetFailure.Inconsistent, "it has names like '.git', which no file of a repository has");
        Check(run);
    }

    // At first without history, which not every server offers, nor each commit by its hash.
    private async Task FetchAsync(string[]? shallow, string[] deep, CancellationToken cancellationToken)
    {
        string[] fetch = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"];
        if (shallow is not null && (await git.RunAsync([.. fetch, "--depth=1", "--", place.AbsoluteUri, .. shallow], null, cancellationToken)).IsGood)
            return;
        if (proxy.Failure is null)
            Check(await git.RunAsync([.. fetch, "--", place.AbsoluteUri, .. deep], null, cancellationToken));
        else
            throw proxy.Failure;
    }

    private async Task<string?> ResolveAsync(string name, CancellationToken cancellationToken)
    {
        string hash = "";
        GitRun run = await git.RunAsync(["rev-parse", "--verify", "--quiet", "--end-of-options", $"{name}^{{commit}}"], async output => hash = await output.ReadToEndAsync(CancellationToken.None), cancellationToken);
        return run.IsGood ? hash.Trim() : null;
    }

    private void Check(GitRun run)
    {
        if (run.IsGood)
            return;
        if (proxy.Failure is { } known)
            throw known;
        if (run.IsTooLong)
            throw new FetchFailedException($"{HttpDownloads.Show(place)} has more bytes than are fetched") { Failure = FetchFailure.TooLong };
        string why = run.Complaints.Split('\n').LastOrDefault(line => line.StartsWith("fatal: ", StringComparison.Ordinal) || line.StartsWith("error: ", StringComparison.Ordinal)) ?? $"git ended with {run.ExitCode}";
        FetchFailure failure = reasons.Where(reason => run.Says(reason.Text)).Select(reason => reason.Failure).FirstOrDefault(FetchFailure.Unavailable);
        string shown = why.Replace(place.AbsoluteUri, HttpDownloads.Show(place), StringComparison.Ordinal);
        throw new FetchFailedException($"{HttpDownloads.Show(place)} can't be fetched: {shown}") { Failure = failure };
    }

    private FetchFailedException Absent(string why) => new($"{HttpDownloads.Show(place)}: {why}") { Failure = FetchFailure.Absent };
}
