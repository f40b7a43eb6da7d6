using System.Globalization;
using RemoteExec.Cas;
using RemoteExec.Native;
using RemoteExec.Protocol;
using RemoteExec.Worker.Outputs;
using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Worker.Replay;

/// <summary>How a replayed action ended. What it left can be looked at until this is disposed.</summary>
public sealed class ReplayOutcome : IDisposable
{
    private readonly ReplayedAction replayed;
    private readonly SandboxOutcome outcome;
    private readonly ActionLog stdout, stderr;

    internal ReplayOutcome(ReplayedAction replayed, SandboxOutcome outcome, ActionLog stdout, ActionLog stderr)
    {
        this.replayed = replayed;
        this.outcome = outcome;
        this.stdout = stdout;
        this.stderr = stderr;
    }

    /// <summary>The exit code; 128 + n if signal n ended it.</summary>
    public int ExitCode => outcome.ExitCode;

    /// <summary>How long the command ran.</summary>
    public TimeSpan Duration => outcome.Duration;

    /// <summary>False if the command was stopped: then nothing is left of it but what it wrote to its standard output and error.</summary>
    public bool IsComplete => outcome.Root is not null;

    /// <summary>What there is to say of an end that was not the command's own, in a line without its end; null if it was.</summary>
    public string? Explanation => outcome switch
    {
        { TimedOut: true } => string.Create(CultureInfo.InvariantCulture, $"the command ran longer than its timeout of {replayed.Timeout.TotalSeconds:0.###} s and was stopped"),
        { TooMuchDisk: { } what } => what,
        _ => CommandEnd.Explain(outcome).TrimEnd('\n') is { Length: > 0 } text ? text : null,
    };

    /// <summary>Compares what it has made with what a result tells.</summary>
    /// <param name="recorded">The result.</param>
    /// <param name="cas">Where the outputs are that it names; what is missing there is compared by digest alone.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ReplayException">The result, or what the command has left, makes no sense.</exception>
    public async Task<ResultComparison> CompareAsync(Reapi.ActionResult recorded, IBlobStore cas, CancellationToken cancellationToken)
    {
        try
        {
            return await CompareAllAsync(recorded, cas, cancellationToken);
        }
        catch (ActionException exception)
        {
            throw new ReplayException($"what the command left can't be compared: {exception.Message}", exception);
        }
    }

    /// <summary>Copies what it left to a directory that is not there, or empty: its tree to <c>root</c>, and to <c>stdout</c> and <c>stderr</c> what it wrote there, if that was not shown on a terminal.</summary>
    /// <exception cref="IOException">Not all could be copied.</exception>
    public async Task KeepAsync(string directory)
    {
        Directory.CreateDirectory(directory);
        foreach (ActionLog log in (ActionLog[])[stdout, stderr])
        {
            if (File.Exists(log.Path))
                File.Copy(log.Path, Path.Combine(directory, log.Name));
        }

        if (outcome.Root is { } root)
            await TreeCopy.MakeAsync(root, Path.Combine(directory, "root"));
    }

    /// <summary>Lets go what it left.</summary>
    public void Dispose() => outcome.Dispose();

    private async Task<ResultComparison> CompareAllAsync(Reapi.ActionResult recorded, IBlobStore cas, CancellationToken cancellationToken)
    {
        var blobs = new OutputBlobs(cas, replayed.Digest); // they are only hashed
        var comparer = new ResultComparer(replayed.Digest, cas);
        List<ComparedPart> parts =
        [
            await comparer.CompareLogAsync(PartKind.Stdout, recorded.StdoutDigest, recorded.StdoutRaw, await NodeOfAsync(stdout, blobs, cancellationToken), cancellationToken),
            await comparer.CompareLogAsync(PartKind.Stderr, recorded.StderrDigest, recorded.StderrRaw, await NodeOfAsync(stderr, blobs, cancellationToken), cancellationToken),
        ];
        List<string> problems = [];
        if (IsComplete)
        {
            IReadOnlyDictionary<string, ResultNode> before = await new RecordedOutputs(replayed.Digest, cas).ReadAsync(recorded, cancellationToken);
            IReadOnlyDictionary<string, ResultNode> now = await FindAsync(blobs, problems, cancellationToken);
            parts.AddRange(await comparer.CompareOutputsAsync(before, now, cancellationToken));
        }

        return new ResultComparison(recorded.ExitCode, ExitCode, parts, problems);
    }

    private static async Task<ResultNode?> NodeOfAsync(ActionLog log, OutputBlobs blobs, CancellationToken cancellationToken) =>
        FileStatus.Of(log.Path) is { Length: > 0 } status
            ? new ResultNode(FileKind.File) { Digest = await blobs.AddFileAsync(log.Path, status, cancellationToken, log.MaxBytes), Place = log.Path }
            : null;

    private async Task<IReadOnlyDictionary<string, ResultNode>> FindAsync(OutputBlobs blobs, List<string> problems, CancellationToken cancellationToken)
    {
        var collector = new OutputCollector(new OutputRoot(outcome.Root!, replayed.Ready.SeenRoot), replayed.Ready.Command, blobs, allowAbsoluteSymlinks: true, replayed.OutputLimits);
        IReadOnlyList<FoundOutput> found = collector.FindAll(problems, cancellationToken);
        IReadOnlyDictionary<string, Digest> digests = await blobs.AddFilesAsync([.. found.SelectMany(output => output.Files)], cancellationToken);
        return found
            .SelectMany(output => output.Content.Prepend(output.Found).Select(node => (Path: ResultNode.Join(output.Declared.Path, node.Relative), Node: node)))
            .ToDictionary(
                entry => entry.Path,
                entry => new ResultNode(entry.Node.Status.Kind)
                {
                    Digest = digests.TryGetValue(entry.Node.Path, out Digest digest) ? digest : null,
                    IsExecutable = entry.Node.Status.IsExecutable,
                    Target = entry.Node.Target,
                    Place = entry.Node.Path,
                },
                StringComparer.Ordinal);
    }
}
