namespace RemoteExec.Cas.Stores.Segments;

/// <summary>The state of the log at the moment a checkpoint starts.</summary>
/// <param name="NextNumber">The number of the next segment.</param>
/// <param name="Era">The era.</param>
/// <param name="Sequence">The number of the last commit.</param>
/// <param name="Segments">The segments, the next to be evicted first.</param>
internal sealed record CheckpointHead(int NextNumber, uint Era, long Sequence, IReadOnlyList<CoveredSegment> Segments)
{
    /// <summary>Brings the captured segments to the medium, and releases them in any case.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public void FlushAndRelease(CancellationToken cancellationToken)
    {
        try
        {
            foreach (CoveredSegment segment in Segments)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (segment.End > 0)
                    segment.File!.Flush();
            }
        }
        finally
        {
            foreach (CoveredSegment segment in Segments)
                segment.File!.Release();
        }
    }
}

/// <summary>How much of a segment a checkpoint covers.</summary>
/// <param name="Number">The number of the segment.</param>
/// <param name="End">Below this offset all records were committed or given up when the checkpoint was taken, and are on the medium.</param>
/// <param name="ForgottenEra">The era in which the uses of its blobs were last forgotten.</param>
/// <param name="File">The segment itself; null in a checkpoint that was read.</param>
internal readonly record struct CoveredSegment(int Number, long End, uint ForgottenEra, SegmentFile? File)
{
    /// <summary>The end of what is covered of a segment that could not be brought to the medium: nothing is, and nothing will be.</summary>
    public const long Doubtful = -1;
}
