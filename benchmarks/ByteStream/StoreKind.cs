namespace RemoteExec.Benchmarks.ByteStream;

/// <summary>What blobs are kept in.</summary>
public enum StoreKind
{
    Memory,
    Segments,
}
