using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Composition;

public sealed class LocalCopyStoreTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly ManualTimeProvider time = new();
    private readonly MemoryStore inner = new(64 * 1024 * 1024);
    private readonly TestBlob blob = TestBlob.Random(1, 300_000);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string[] Files => Directory.GetFiles(directory.FullPath, "*", SearchOption.AllDirectories);

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task What_was_read_once_is_read_by_others_without_the_store()
    {
        await inner.WriteAllAsync(blob.Digest, blob.Content, Token);
        LocalCopyStore first = Make(inner), second = Make(new MemoryStore(1024));

        Assert.Equal(blob.Content, await first.ReadAllAsync(blob.Digest, int.MaxValue, Token));

        Assert.Empty(await second.FindMissingAsync([blob.Digest], Token));
        Assert.Equal(blob.Content, await second.ReadAllAsync(blob.Digest, int.MaxValue, Token));
        Assert.Equal((300_000L, 0L), (first.FetchedBytes, second.FetchedBytes));
    }

    [Fact]
    public async Task Damage_of_a_copy_is_never_handed_out_but_mended()
    {
        await inner.WriteAllAsync(blob.Digest, blob.Content, Token);
        await Make(inner).ReadAllAsync(blob.Digest, int.MaxValue, Token);
        byte[] damaged = [.. blob.Content];
        damaged[299_999] ^= 1;
        await File.WriteAllBytesAsync(Files.Single(), damaged, Token);

        Assert.Equal(blob.Content, await Make(inner).ReadAllAsync(blob.Digest, int.MaxValue, Token));

        Assert.Equal(blob.Content, await File.ReadAllBytesAsync(Files.Single(), Token));
    }

    [Fact]
    public async Task What_the_store_sends_wrongly_is_not_kept()
    {
        await inner.WriteAllAsync(blob.Digest, new byte[300_000], Token);

        await Assert.ThrowsAsync<BlobCorruptException>(async () => await Make(inner).ReadAllAsync(blob.Digest, int.MaxValue, Token));

        Assert.Empty(Files);
    }

    [Fact]
    public async Task Instances_do_not_see_each_others_copies()
    {
        await inner.WriteAllAsync(blob.Digest, blob.Content, Token);
        await Make(inner).ReadAllAsync(blob.Digest, int.MaxValue, Token);
        Digest elsewhere = Digest.Create(InstanceName.Parse("else/where"), blob.Digest.Function, blob.Digest.HashSpan, blob.Digest.SizeBytes);

        Assert.Null(await Make(inner).ReadAllAsync(elsewhere, int.MaxValue, Token));
    }

    [Fact]
    public async Task The_copies_that_were_not_used_for_longest_are_dropped()
    {
        TestBlob[] blobs = [TestBlob.Random(1, 1000), TestBlob.Random(2, 1000), TestBlob.Random(3, 1000)];
        foreach (TestBlob one in blobs)
            await inner.WriteAllAsync(one.Digest, one.Content, Token);
        foreach (TestBlob one in (TestBlob[])[.. blobs, blobs[0]])
        {
            time.Advance(TimeSpan.FromMinutes(1));
            await Make(inner).ReadAllAsync(one.Digest, int.MaxValue, Token);
        }

        LocalCopyStore.Trim(directory.FullPath, 2500, time);

        Assert.Equal([.. new[] { blobs[0], blobs[2] }.Select(one => one.Digest.Hash.ToString()).Order()], Files.Select(file => Path.GetFileName(file)).Order());
    }

    [Fact]
    public void What_nobody_finishes_is_dropped_and_what_somebody_may_finish_is_not()
    {
        string old = directory["old.part"], young = directory["young.part"];
        foreach ((string file, int hours) in new[] { (old, 30), (young, 1) })
        {
            File.WriteAllBytes(file, new byte[100]);
            File.SetLastWriteTimeUtc(file, time.GetUtcNow().UtcDateTime.AddHours(-hours));
        }

        LocalCopyStore.Trim(directory.FullPath, 0, time);

        Assert.Equal([young], Files);
    }

    private LocalCopyStore Make(IBlobStore store) => new(store, directory.FullPath, time);
}
