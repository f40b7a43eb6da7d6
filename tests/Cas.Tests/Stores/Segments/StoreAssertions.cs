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

    /// <summary>The tags of the blobs that the store knows, also after it was closed.</summary>
    public static HashSet<UInt128> Tags(this SegmentStore store)
    {
        HashSet<UInt128> tags = [];
        for (int number = 0; number < SegmentIndex.Shards; number++)
        {
            store.Log.Inspect(number, shard => shard.RemoveWhere(0, (tag, _) =>
            {
                tags.Add(tag);
                return false;
            }));
        }

        return tags;
    }

    /// <summary>Lets the index lead from one key to the record of another.</summary>
    public static void PointTo(this SegmentStore store, Digest from, Digest to)
    {
        Assert.True(store.Log.TryAcquire(store.Key.TagOf(to), to.SizeBytes, out IndexEntry entry, out SegmentFile? segment));
        segment.Release();
        store.Log.Restore(store.Key.TagOf(from), entry);
    }
}
