namespace RemoteExec.Builds.Records;

/// <summary>What some actions come to together: those of a build, of a target, of an hour. Every action counts once for each build, by what came of it all in all.</summary>
public sealed record ActionSums
{
    /// <summary>All of them: hits and misses.</summary>
    public long Actions { get; init; }

    /// <summary>Those whose result was in the cache.</summary>
    public long Hits { get; init; }

    /// <summary>All others.</summary>
    public long Misses { get; init; }

    /// <summary>Misses that a worker ran with success.</summary>
    public long Executed { get; init; }

    /// <summary>Misses that a worker ran with success for another build at the same time.</summary>
    public long Merged { get; init; }

    /// <summary>Misses whose execution by a worker ended with another exit code than 0, or without one.</summary>
    public long Failed { get; init; }

    /// <summary>Misses that the client ran itself, storing the result.</summary>
    public long Stored { get; init; }

    /// <summary>Bytes of content that the client was sent, uncompressed.</summary>
    public long BytesSent { get; init; }

    /// <summary>Bytes of content that the client sent, uncompressed.</summary>
    public long BytesReceived { get; init; }

    /// <summary>How long the commands of the hits ran when their results were made: what has not been spent again.</summary>
    public double TimeSavedSeconds { get; init; }

    /// <summary>Hits whose result does not say how long its command ran: nothing of them is in <see cref="TimeSavedSeconds"/>.</summary>
    public long HitsWithoutTime { get; init; }

    /// <summary>How long actions that were executed waited for a worker.</summary>
    public double QueueSeconds { get; init; }

    /// <summary>How long workers fetched inputs for them.</summary>
    public double FetchSeconds { get; init; }

    /// <summary>How long their commands ran.</summary>
    public double RunSeconds { get; init; }

    /// <summary>How long workers uploaded their outputs.</summary>
    public double UploadSeconds { get; init; }

    /// <summary>All of some sums together.</summary>
    public static ActionSums Of(IEnumerable<ActionSums> parts)
    {
        var all = new ActionSums();
        foreach (ActionSums part in parts)
        {
            all = new ActionSums
            {
                Actions = all.Actions + part.Actions,
                Hits = all.Hits + part.Hits,
                Misses = all.Misses + part.Misses,
                Executed = all.Executed + part.Executed,
                Merged = all.Merged + part.Merged,
                Failed = all.Failed + part.Failed,
                Stored = all.Stored + part.Stored,
                BytesSent = all.BytesSent + part.BytesSent,
                BytesReceived = all.BytesReceived + part.BytesReceived,
                TimeSavedSeconds = all.TimeSavedSeconds + part.TimeSavedSeconds,
                HitsWithoutTime = all.HitsWithoutTime + part.HitsWithoutTime,
                QueueSeconds = all.QueueSeconds + part.QueueSeconds,
                FetchSeconds = all.FetchSeconds + part.FetchSeconds,
                RunSeconds = all.RunSeconds + part.RunSeconds,
                UploadSeconds = all.UploadSeconds + part.UploadSeconds,
            };
        }

        return all;
    }
}
