using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.TestKit;

namespace RemoteExec.Fuzz.Tests.Targets;

/// <summary>A store of two blobs.</summary>
internal static class SampleStore
{
    /// <summary>Its checkpoint.</summary>
    public static byte[] Checkpoint(string path)
    {
        Task.Run(() => FillAsync(path)).GetAwaiter().GetResult();
        return File.ReadAllBytes(Path.Combine(path, "checkpoint"));
    }

    private static async Task FillAsync(string path)
    {
        var options = new SegmentStoreOptions { Path = path, MaxBytes = 1 << 20 };
        await using SegmentStore store = await SegmentStore.OpenAsync(options, NullLogger.Instance, TimeProvider.System, CancellationToken.None);
        foreach (TestBlob blob in (TestBlob[])[TestBlob.Random(1, 100), TestBlob.Random(2, 200)])
            await store.WriteAllAsync(blob.Digest, blob.Content, CancellationToken.None);
    }
}
