namespace RemoteExec.Server.Configuration;

/// <summary>Blobs in memory, for tests and small caches; lost when the server stops.</summary>
internal sealed record MemoryOptions : StoreOptions
{
    /// <summary>How much memory the blobs may take; the least recently used leave when it is full.</summary>
    public ByteSize MaxBytes { get; init; } = ByteSize.GiB(1);

    /// <inheritdoc/>
    public override IEnumerable<OptionProblem> Validate()
    {
        if (MaxBytes.Bytes == 0)
            yield return new(nameof(MaxBytes), "must be positive");
    }
}
