using RemoteExec.Cas.Stores.Segments;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Tests.Stores.Segments;

internal static class StoreAssertions
{
    /// <summary>Stores content under its digest.</summary>
    public static async Task<Digest> PutAsync(this IBlobStore store, byte[] content, string instance = "")
    {
        Digest digest = StoreFolder.DigestOf(content, instance);
        await store.WriteAllAsync(digest, content, StoreFolder.Token);
        return digest;
    }

    /// <summary>Reads a value whole; null if it is absent.</summary>
    public static ValueTask<byte[]?> GetAsync(this IBlobStore store, Digest digest) => store.ReadAllAsync(digest, int.MaxValue, StoreFolder.Token);

    public static ValueTask<bool> HasAsync(this IBlobStore store, Digest digest) => store.ContainsAsync(digest, StoreFolder.Token);

    /// <summary>Takes the store down as a crash would: nothing is written, the files stay as they are, the directory is free again.</summary>
    public static async ValueTask CrashAsync(this SegmentStore store) => await store.CloseAsync(checkpoint: false);
}
