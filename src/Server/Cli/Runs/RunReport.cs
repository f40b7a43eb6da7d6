using System.Globalization;
using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using RemoteExec.Protocol;
using RemoteExec.Runs.Inputs;
using RemoteExec.Runs.Outputs;
using RemoteExec.Runs.Remote;
using RemoteExec.Server.Cli.Trees;

namespace RemoteExec.Server.Cli.Runs;

/// <summary>What is told of a command that was run.</summary>
/// <param name="action">The action.</param>
/// <param name="run">How it ended.</param>
/// <param name="made">What it made.</param>
/// <param name="missing">What it was to make and did not.</param>
/// <param name="sentBytes">What was sent for its inputs.</param>
/// <param name="elapsed">How long it took, as seen from here.</param>
internal sealed class RunReport(StoredAction action, FinishedRun run, IReadOnlyList<ProducedOutput> made, IReadOnlyList<string> missing, long sentBytes, TimeSpan elapsed)
{
    private readonly Reapi.ExecutedActionMetadata? metadata = run.Result?.ExecutionMetadata;

    /// <summary>It in one line.</summary>
    public string Summary
    {
        get
        {
            if (run.IsCached)
                return $"cached: {run.Action.ToArgument()}";
            string where = run.Worker.Length > 0 ? $" on {run.Worker}" : "";
            return string.Create(CultureInfo.InvariantCulture, $"ran{where} in {elapsed.TotalSeconds:0.0} s: {run.Action.ToArgument()}");
        }
    }

    /// <summary>All of it.</summary>
    public string ToJson() => JsonSerializer.Serialize(
        new
        {
            Action = Text(run.Action.ToProto()),
            DigestFunction = run.Action.Function.Name(),
            Command = Text(action.Action.CommandDigest),
            InputRoot = Text(action.Action.InputRootDigest),
            run.Operation,
            run.Outcome,
            Failure = run.Outcome == RunOutcome.Ran ? null : run.Failure,
            ExitCode = run.Result?.ExitCode,
            Cached = run.IsCached,
            Worker = run.Worker.Length > 0 ? run.Worker : null,
            Seconds = new
            {
                Total = Math.Round(elapsed.TotalSeconds, 3),
                Queued = Between(metadata?.QueuedTimestamp, metadata?.WorkerStartTimestamp),
                Inputs = Between(metadata?.InputFetchStartTimestamp, metadata?.InputFetchCompletedTimestamp),
                Execution = Between(metadata?.ExecutionStartTimestamp, metadata?.ExecutionCompletedTimestamp),
                Outputs = Between(metadata?.OutputUploadStartTimestamp, metadata?.OutputUploadCompletedTimestamp),
            },
            SentBytes = sentBytes,
            Stdout = Text(run.Result?.StdoutDigest),
            Stderr = Text(run.Result?.StderrDigest),
            Outputs = made.Select(output => new
            {
                output.Path,
                File = Text(output.Node.File?.ToProto()),
                Executable = output.Node.File is null ? (bool?)null : output.Node.IsExecutable,
                Directory = Text(output.Node.Directory?.ToProto()),
                Symlink = output.Node.Target,
            }),
            Missing = missing,
        },
        TreeFlags.Json);

    private static string? Text(Reapi.Digest? digest) => digest is null ? null : $"{digest.Hash}/{digest.SizeBytes}";

    private static double? Between(Timestamp? from, Timestamp? to) => from is null || to is null ? null : Math.Round((to - from).ToTimeSpan().TotalSeconds, 3);
}
