using RemoteExec.Protocol;

namespace RemoteExec.Builds.Records;

/// <summary>Actions as they are shown.</summary>
internal static class ActionSummaries
{
    /// <summary>An action something has happened with.</summary>
    public static ActionSummary Of(ActionDelta action) => new()
    {
        Action = action.Digest.HasSize ? $"{action.Digest.Hash}/{action.Digest.SizeBytes}" : action.Digest.Hash,
        DigestFunction = action.Digest.Function.Name(),
        Outcome = action.Flags.ToOutcome() ?? ActionOutcome.Miss,
        Mnemonic = action.Mnemonic,
        Target = action.Target,
        Configuration = action.Configuration,
        FirstSeen = DateTimeOffset.FromUnixTimeMilliseconds(action.First),
        LastSeen = DateTimeOffset.FromUnixTimeMilliseconds(action.Last),
        Worker = action.Worker,
        Ending = action.Ending,
        ExitCode = action.ExitCode,
        QueueSeconds = Seconds(action.Queue),
        FetchSeconds = Seconds(action.Fetch),
        RunSeconds = Seconds(action.Run),
        UploadSeconds = Seconds(action.Upload),
        BytesSent = action.BytesSent,
        BytesReceived = action.BytesReceived,
    };

    private static double? Seconds(long milliseconds) => milliseconds < 0 ? null : milliseconds / 1000.0;
}
