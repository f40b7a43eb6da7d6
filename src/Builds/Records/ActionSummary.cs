namespace RemoteExec.Builds.Records;

/// <summary>An action in a build.</summary>
public sealed record ActionSummary
{
    /// <summary>Its digest, <c>hash/size</c>; the hash alone if its size is not known here.</summary>
    public required string Action { get; init; }

    /// <summary>The digest function: <c>SHA256</c>.</summary>
    public required string DigestFunction { get; init; }

    /// <summary>What came of it.</summary>
    public required ActionOutcome Outcome { get; init; }

    /// <summary>What kind of action it is: <c>CppCompile</c>. Empty if the client does not say, as with the target and the configuration.</summary>
    public required string Mnemonic { get; init; }

    /// <summary>The target that it is for.</summary>
    public required string Target { get; init; }

    /// <summary>The configuration of the target.</summary>
    public required string Configuration { get; init; }

    /// <summary>When its build was first heard of it.</summary>
    public required DateTimeOffset FirstSeen { get; init; }

    /// <summary>When its build was last heard of it.</summary>
    public required DateTimeOffset LastSeen { get; init; }

    /// <summary>The worker that ran it, now or when the result was made that was found; empty if that is not known.</summary>
    public required string Worker { get; init; }

    /// <summary>How its execution ended, in a word: <c>ok</c>, <c>nonzero_exit</c>, <c>timeout</c>, …; empty if it was not executed.</summary>
    public required string Ending { get; init; }

    /// <summary>The exit code of its execution.</summary>
    public required int ExitCode { get; init; }

    /// <summary>How long it waited for a worker; null if that is not known, as with the times below.</summary>
    public required double? QueueSeconds { get; init; }

    /// <summary>How long inputs were fetched.</summary>
    public required double? FetchSeconds { get; init; }

    /// <summary>How long its command ran: now, or when the result was made that was found.</summary>
    public required double? RunSeconds { get; init; }

    /// <summary>How long outputs were uploaded.</summary>
    public required double? UploadSeconds { get; init; }

    /// <summary>Bytes of content that its client was sent for it.</summary>
    public required long BytesSent { get; init; }

    /// <summary>Bytes of content that its client sent for it.</summary>
    public required long BytesReceived { get; init; }
}
