using RemoteExec.Cas.Builds;

namespace RemoteExec.Builds.Calls;

/// <summary>Calls in the order in which they were told, in memory that is used again and again. Grows with what there is to keep, to a limit. Not thread-safe.</summary>
internal sealed class CallBatch
{
    /// <summary>How many calls it holds at most.</summary>
    public const int MostCalls = 32 * 1024;

    /// <summary>How many bytes of encoded messages it holds at most.</summary>
    public const int MostBytes = 16 * 1024 * 1024;

    private const int FirstCalls = 64;
    private const int FirstBytes = 16 * 1024;

    private CallEntry[] entries = new CallEntry[FirstCalls];
    private byte[] bytes = new byte[FirstBytes];
    private int used;

    /// <summary>How many calls there are.</summary>
    public int Count { get; private set; }

    /// <summary>Adds a call; false if there is no room for it.</summary>
    public bool TryAdd(in CallEvent call, long timestamp)
    {
        ReadOnlySpan<byte> metadata = call.Metadata is { } told ? told.Encoded : default;
        if (Count == MostCalls || metadata.Length + call.Execution.Length > MostBytes - used)
            return false;
        if (Count == entries.Length)
            Array.Resize(ref entries, entries.Length * 2);
        int end = used + metadata.Length + call.Execution.Length;
        if (end > bytes.Length)
            Array.Resize(ref bytes, Math.Min(MostBytes, Math.Max(end, bytes.Length * 2)));

        metadata.CopyTo(bytes.AsSpan(used));
        call.Execution.CopyTo(bytes.AsSpan(used + metadata.Length));
        used = end;
        ref CallEntry entry = ref entries[Count++];
        entry.Digest = call.Digest;
        entry.Timestamp = timestamp;
        entry.Bytes = call.Bytes;
        entry.UserAgent = call.UserAgent;
        entry.Outcome = call.Outcome;
        entry.Blobs = call.Blobs;
        entry.ExitCode = call.ExitCode;
        entry.MetadataLength = metadata.Length;
        entry.ExecutionLength = call.Execution.Length;
        entry.Kind = call.Kind;
        entry.IsMerged = call.IsMerged;
        return true;
    }

    /// <summary>Takes a call out; the calls have to be taken in their order.</summary>
    /// <param name="index">Which one.</param>
    /// <param name="offset">Where its bytes begin: 0 for the first one, and moved on to where those of the next one do.</param>
    /// <param name="metadata">Its encoded request metadata.</param>
    /// <param name="execution">Its encoded execution metadata.</param>
    public ref readonly CallEntry Take(int index, ref int offset, out ReadOnlySpan<byte> metadata, out ReadOnlySpan<byte> execution)
    {
        ref CallEntry entry = ref entries[index];
        metadata = bytes.AsSpan(offset, entry.MetadataLength);
        execution = bytes.AsSpan(offset + entry.MetadataLength, entry.ExecutionLength);
        offset += entry.MetadataLength + entry.ExecutionLength;
        return ref entry;
    }

    /// <summary>Empties it.</summary>
    public void Clear() => Count = used = 0;
}
