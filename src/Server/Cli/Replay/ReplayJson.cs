using System.Text.Json;
using RemoteExec.Protocol;
using RemoteExec.Server.Cli.Trees;
using RemoteExec.Worker.Replay;
using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Server.Cli.Replay;

/// <summary>What came of a replay, for programs.</summary>
internal static class ReplayJson
{
    /// <summary>As one document.</summary>
    public static string Of(PastAction past, SandboxReport sandbox, ReplayOutcome outcome, ResultComparison? comparison, long fetchedBytes, string? kept) => JsonSerializer.Serialize(
        new
        {
            Action = $"{past.Digest.Hash}/{past.Digest.SizeBytes}",
            DigestFunction = past.Digest.Function.Name(),
            Instance = past.Digest.Instance.IsEmpty ? null : past.Digest.Instance.ToString(),
            Sandbox = sandbox.Tier,
            sandbox.Users,
            RecordedSandbox = past.Tier,
            FetchedBytes = fetchedBytes,
            outcome.ExitCode,
            DurationSeconds = Math.Round(outcome.Duration.TotalSeconds, 3),
            IsComplete = outcome.IsComplete,
            outcome.Explanation,
            comparison?.RecordedExitCode,
            Same = comparison is null ? (bool?)null : comparison.HasSameParts && comparison.RecordedExitCode == comparison.ExitCode,
            Parts = comparison?.Parts.Select(part => new
            {
                part.Kind,
                Path = part.Kind == PartKind.Output ? part.Path : null,
                part.Verdict,
                part.What,
                part.FirstOffset,
                Recorded = Name(part.Recorded),
                Replayed = Name(part.Replayed),
            }),
            comparison?.Problems,
            Kept = kept,
        },
        TreeFlags.Json);

    private static string? Name(Digest? digest) => digest is { } file ? $"{file.Hash}/{file.SizeBytes}" : null;
}
