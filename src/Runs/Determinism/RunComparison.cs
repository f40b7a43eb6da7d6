using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Trees.Stored;

namespace RemoteExec.Runs.Determinism;

/// <summary>Finds what was not the same in all runs of an action.</summary>
/// <param name="cas">The server's blobs.</param>
public sealed class RunComparison(IBlobStore cas)
{
    /// <summary>Compares all runs with the first one; looks into what differs between it and the first one that is not like it.</summary>
    /// <exception cref="RunException">A blob is gone.</exception>
    /// <exception cref="CasException">The CAS fails.</exception>
    public async Task<IReadOnlyList<RunDifference>> CompareAsync(IReadOnlyList<RepeatedRun> runs, CancellationToken cancellationToken)
    {
        var differences = new List<RunDifference?>
        {
            await CompareAsync(DifferingPart.ExitCode, "", runs, run => $"{run.Run.Result!.ExitCode}", _ => null, cancellationToken),
            await CompareAsync(DifferingPart.Stdout, "", runs, run => Written(run.Run.Result!.StdoutDigest), run => BlobOf(run, run.Run.Result!.StdoutDigest), cancellationToken),
            await CompareAsync(DifferingPart.Stderr, "", runs, run => Written(run.Run.Result!.StderrDigest), run => BlobOf(run, run.Run.Result!.StderrDigest), cancellationToken),
        };
        foreach (string path in runs.SelectMany(run => run.Files.Keys).Distinct(StringComparer.Ordinal).Order(Utf8Order.Instance))
            differences.Add(await CompareAsync(DifferingPart.Output, path, runs, run => Words(run.Files.GetValueOrDefault(path)), run => run.Files.GetValueOrDefault(path)?.File, cancellationToken));
        return [.. differences.OfType<RunDifference>()];
    }

    private async Task<RunDifference?> CompareAsync(
        DifferingPart part, string path, IReadOnlyList<RepeatedRun> runs, Func<RepeatedRun, string> words, Func<RepeatedRun, Digest?> blob, CancellationToken cancellationToken)
    {
        string[] all = [.. runs.Select(words)];
        int[] differing = [.. Enumerable.Range(0, all.Length).Where(index => all[index] != all[0])];
        if (differing.Length == 0)
            return null;
        RepeatedRun first = runs[0], other = runs[differing[0]];
        ContentDifference? content = blob(first) is { } left && blob(other) is { } right && left != right
            ? await new BlobInspection(cas, RunTraces.Of(first.Run), RunTraces.Of(other.Run)).InspectAsync(left, right, cancellationToken)
            : null;
        return new RunDifference(part, path, [.. differing.Select(index => runs[index].Number)], all.Distinct(StringComparer.Ordinal).Count(), all[0], all[differing[0]]) { Content = content };
    }

    private static string Words(StoredNode? node) => node switch
    {
        null => "not there",
        { File: { } file } => $"{(node.IsExecutable ? "executable " : "")}{file.ToArgument()}",
        { Target: { } target } => $"a symlink to '{target}'",
        _ => "a directory",
    };

    private static string Written(Reapi.Digest? digest) => digest is null or { SizeBytes: 0 } ? "nothing" : $"{digest.Hash}/{digest.SizeBytes}";

    private static Digest? BlobOf(RepeatedRun run, Reapi.Digest? digest) =>
        digest is null ? run.Run.Action.SiblingOf([]) : run.Run.Action.TryParseSibling(digest, out Digest parsed, out _) ? parsed : null;
}
