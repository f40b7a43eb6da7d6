namespace RemoteExec.Builds.Events;

/// <summary>
/// Events of Bazel's Build Event Protocol, <c>build_event_stream.BuildEvent</c>, as far as something of them is kept. They are read by hand: one of 16 MiB is of interest for some hundred
/// bytes, and what is told in thousands of parts must not become as many objects.
/// </summary>
internal static class BazelEvent
{
    /// <summary>The longest label, path or address that is kept, in bytes.</summary>
    public const int LongestLabel = 1024;

    private const int LongestWord = 256;
    private const int Aborted = 4, Started = 5, Expanded = 6, Action = 7, Completed = 8, TestSummary = 9, TestResult = 10, Finished = 14, WorkspaceStatus = 16, Configured = 18, Metrics = 24; // fields of payloads
    private const int NoAnalyze = 8, NoBuild = 9, LoadingFailure = 5, AnalysisFailure = 6, SkippedTarget = 7; // reasons for which something is aborted

    /// <summary>What an event tells; null for nothing that is kept.</summary>
    /// <exception cref="EventMalformedException">It is no event.</exception>
    public static BuildFact? Read(ReadOnlySpan<byte> message)
    {
        ReadOnlySpan<byte> encodedId = default, payload = default;
        int kind = 0;
        var fields = new MessageFields(message);
        while (fields.Next())
        {
            if (fields.Number == 1)
                encodedId = fields.Bytes;
            else if (fields.Number is Aborted or Started or Expanded or Action or Completed or TestSummary or TestResult or Finished or WorkspaceStatus or Configured or Metrics)
            {
                kind = fields.Number;
                payload = fields.Bytes;
            }
        }

        var id = new BazelEventId(encodedId);
        return kind switch
        {
            Started => ReadStarted(payload),
            WorkspaceStatus => BazelWorkspaceStatus.Read(payload),
            Expanded when id.Patterns.Length > 0 => new BuildFact.Asked(id.Patterns),
            Configured when id.Label.Length > 0 => new BuildFact.TargetKnown(id.Label, MessageFields.TextOf(payload, 1, LongestWord)),
            Completed when id.Label.Length > 0 => ReadCompleted(payload, id.Label),
            Aborted => ReadAborted(payload, id),
            Action => ReadAction(payload, id),
            TestResult when id.Label.Length > 0 => BazelTestEvent.ReadResult(payload, id),
            TestSummary when id.Label.Length > 0 => BazelTestEvent.ReadSummary(payload, id.Label),
            Metrics => ReadMetrics(payload),
            Finished => ReadFinished(payload),
            _ => null,
        };
    }

    private static BuildFact.Started ReadStarted(ReadOnlySpan<byte> message)
    {
        string command = "", version = "", workspace = "", user = "", host = "";
        long? at = null;
        var fields = new MessageFields(message);
        while (fields.Next())
        {
            switch (fields.Number)
            {
                case 2:
                    at ??= fields.Value;
                    break;
                case 3:
                    version = fields.ToText(LongestWord);
                    break;
                case 5:
                    command = fields.ToText(LongestWord);
                    break;
                case 7:
                    workspace = fields.ToText(LongestLabel);
                    break;
                case 9:
                    at = BazelTime.ReadTimestamp(fields.Bytes);
                    break;
                case 10:
                    host = fields.ToText(LongestWord);
                    break;
                case 11:
                    user = fields.ToText(LongestWord);
                    break;
            }
        }

        return new BuildFact.Started(command, version, workspace, user, host, BazelTime.Sensible(at));
    }

    private static BuildFact.TargetEnded ReadCompleted(ReadOnlySpan<byte> message, string label) =>
        new(label, MessageFields.NumberOf(message, 1) != 0 ? TargetStatus.Ok : TargetStatus.Failed, "");

    private static BuildFact? ReadAborted(ReadOnlySpan<byte> message, in BazelEventId id)
    {
        int reason = 0;
        string description = "";
        var fields = new MessageFields(message);
        while (fields.Next())
        {
            if (fields.Number == 1)
                reason = fields.ToInt32();
            else if (fields.Number == 2)
                description = fields.ToText(LongestLabel);
        }

        if (!id.IsTarget || id.Label.Length == 0)
            return description.Length > 0 && reason is not (NoAnalyze or NoBuild) ? new BuildFact.Hindered(description) : null;
        return new BuildFact.TargetEnded(
            id.Label,
            reason switch
            {
                SkippedTarget => TargetStatus.Skipped,
                LoadingFailure or AnalysisFailure => TargetStatus.Failed,
                _ => TargetStatus.Incomplete,
            },
            description);
    }

    private static BuildFact.ActionFailed? ReadAction(ReadOnlySpan<byte> message, in BazelEventId id)
    {
        bool isGood = false;
        int exitCode = 0;
        string stdout = "", stderr = "", mnemonic = "", label = id.Label;
        var fields = new MessageFields(message);
        while (fields.Next())
        {
            switch (fields.Number)
            {
                case 1:
                    isGood = fields.Value != 0;
                    break;
                case 2:
                    exitCode = fields.ToInt32();
                    break;
                case 3:
                    stdout = BazelFile.ReadUri(fields.Bytes);
                    break;
                case 4:
                    stderr = BazelFile.ReadUri(fields.Bytes);
                    break;
                case 5 when label.Length == 0:
                    label = fields.ToText(LongestLabel);
                    break;
                case 8:
                    mnemonic = fields.ToText(LongestWord);
                    break;
            }
        }

        return isGood ? null : new BuildFact.ActionFailed(label, mnemonic, exitCode, id.Output, stdout, stderr);
    }

    private static BuildFact.Measured ReadMetrics(ReadOnlySpan<byte> message)
    {
        long? wall = null, criticalPath = null;
        var fields = new MessageFields(message);
        while (fields.Next())
        {
            if (fields.Number != 5)
                continue;
            var timing = new MessageFields(fields.Bytes);
            while (timing.Next())
            {
                if (timing.Number == 2)
                    wall = BazelTime.Sensible(timing.Value);
                else if (timing.Number == 6)
                    criticalPath = BazelTime.ReadDuration(timing.Bytes);
            }
        }

        return new BuildFact.Measured(wall, criticalPath);
    }

    private static BuildFact.Finished ReadFinished(ReadOnlySpan<byte> message)
    {
        bool isGood = false;
        int? exitCode = null;
        string exitName = "";
        long? at = null;
        var fields = new MessageFields(message);
        while (fields.Next())
        {
            switch (fields.Number)
            {
                case 1:
                    isGood = fields.Value != 0;
                    break;
                case 2:
                    at ??= fields.Value;
                    break;
                case 3:
                    exitName = MessageFields.TextOf(fields.Bytes, 1, LongestWord);
                    exitCode = MessageFields.NumberOf(fields.Bytes, 2);
                    break;
                case 5:
                    at = BazelTime.ReadTimestamp(fields.Bytes);
                    break;
            }
        }

        return new BuildFact.Finished(exitCode ?? (isGood ? 0 : 1), exitName, BazelTime.Sensible(at));
    }
}
