namespace RemoteExec.Cas.Chunking;

/// <summary>Tells where chunks end. It keeps nothing between calls, which may be concurrent: where a chunk begins, all that counts is what follows.</summary>
internal interface IChunker
{
    /// <summary>How many bytes from where a chunk begins may decide where it ends.</summary>
    int LookAheadBytes { get; }

    /// <summary>Cuts one chunk off the content, and those after it that are decided by the same look.</summary>
    /// <param name="content">From where a chunk begins, at least <see cref="LookAheadBytes"/>, or all that is left; not empty.</param>
    /// <param name="lengths">Gets the lengths of the chunks, at least one.</param>
    void Cut(ReadOnlySpan<byte> content, List<int> lengths);
}
