using System.Buffers;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Stores.Segments;

public sealed class SegmentStoreTests : IDisposable
{
    private readonly StoreFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4000)]
    [InlineData(4096)]
    [InlineData(16384)]
    [InlineData(16385)]
    [InlineData(3_000_000)]
    public async Task A_value_reads_back_as_it_was_written_before_and_after_a_restart(int length)
    {
        byte[] content = StoreFolder.Content(length, length);
        Digest digest;
        await using (SegmentStore store = await folder.OpenAsync())
        {
            digest = await store.PutAsync(content, "some/instance");

            Assert.Equal(content, await store.GetAsync(digest));
            Assert.False(await store.HasAsync(StoreFolder.DigestOf(content, "another")));
        }

        await using SegmentStore again = await folder.OpenAsync();
        Assert.Equal(content, await again.GetAsync(digest));
        Assert.False(await again.HasAsync(StoreFolder.DigestOf(content)));
    }

    [Theory]
    [InlineData(SegmentCompression.None, long.MaxValue)]
    [InlineData(SegmentCompression.None, long.MaxValue - 100)]
    [InlineData(SegmentCompression.Zstd, long.MaxValue)]
    [InlineData(SegmentCompression.Zstd, long.MaxValue / 100 * 99)]
    public async Task A_length_that_no_record_can_have_is_refused_and_spoils_nothing(SegmentCompression compression, long length)
    {
        await using SegmentStore store = await SegmentStore.OpenAsync(folder.Options() with { Compression = compression }, NullLogger.Instance, TimeProvider.System, StoreFolder.Token);
        byte[] content = StoreFolder.Content(1, 20_000);

        await Assert.ThrowsAsync<StoreFullException>(async () => await store.OpenWriteAsync(StoreFolder.DigestOf(content), length, StoreFolder.Token));

        Assert.Equal(content, await store.GetAsync(await store.PutAsync(content)));
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(100_000)]
    public async Task A_read_may_start_anywhere_in_a_value(int length)
    {
        byte[] content = StoreFolder.Content(1, length);
        await using SegmentStore store = await folder.OpenAsync();
        Digest digest = await store.PutAsync(content);

        foreach (int offset in (int[])[1, 17, length - 1, length])
        {
            await using BlobReader? reader = await store.OpenReadAsync(digest, offset, StoreFolder.Token);
            var rest = new byte[length + 1];
            int read, filled = 0;
            while ((read = await reader!.ReadAsync(rest.AsMemory(filled, Math.Min(777, rest.Length - filled)), StoreFolder.Token)) > 0)
                filled += read;

            Assert.Equal(content[offset..], rest[..filled]);
        }

        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await store.OpenReadAsync(digest, length + 1, StoreFolder.Token));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await store.OpenReadAsync(digest, -1, StoreFolder.Token));
    }

    [Theory]
    [Rule("CAS-14")]
    [InlineData(100)]
    [InlineData(50_000)]
    public async Task What_is_not_committed_is_missing_and_its_space_is_used_again(int length)
    {
        await using SegmentStore store = await folder.OpenAsync();
        byte[] content = StoreFolder.Content(1, length);
        Digest digest = StoreFolder.DigestOf(content);
        long before = store.Statistics.DiskBytes;

        await using (BlobWriter writer = await store.OpenWriteAsync(digest, length, StoreFolder.Token))
            await writer.WriteAsync(new ReadOnlySequence<byte>(content), StoreFolder.Token);

        Assert.False(await store.HasAsync(digest));
        Assert.Equal(before, store.Statistics.DiskBytes);
        await store.PutAsync(content);
        Assert.Equal(content, await store.GetAsync(digest));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(30_000)]
    public async Task Of_several_values_under_one_key_the_last_commit_counts_also_after_a_crash(int length)
    {
        Digest key = StoreFolder.Key(1);
        byte[] first = StoreFolder.Content(1, length), second = StoreFolder.Content(2, length + 7);
        SegmentStore store = await folder.OpenAsync();
        await using (BlobWriter late = await store.OpenWriteAsync(key, second.Length, StoreFolder.Token))
        {
            await store.WriteAllAsync(key, first, StoreFolder.Token); // reserved after, committed before
            await late.WriteAsync(new ReadOnlySequence<byte>(second), StoreFolder.Token);
            await late.CommitAsync(StoreFolder.Token);
        }

        Assert.Equal(second, await store.GetAsync(key));
        await store.CrashAsync();

        await using SegmentStore again = await folder.OpenAsync();
        Assert.Equal(second, await again.GetAsync(key));
        Assert.Equal(1, again.Statistics.Blobs);
    }

    [Fact]
    [Rule("DIG-02")]
    public async Task The_right_hash_with_a_wrong_size_is_missing_and_without_a_size_is_found()
    {
        await using SegmentStore store = await folder.OpenAsync();
        byte[] content = StoreFolder.Content(1, 100);
        Digest digest = await store.PutAsync(content);

        Assert.False(await store.HasAsync(Digest.Create(default, DigestFunction.Sha256, digest.HashSpan, 99)));
        Assert.Equal(content, await store.GetAsync(digest.WithoutSize()));
    }

    [Fact]
    [Rule("CAS-01")]
    public async Task Missing_digests_come_in_the_order_asked_and_once()
    {
        await using SegmentStore store = await folder.OpenAsync();
        Digest[] asked = [.. Enumerable.Range(0, 1000).Select(i => StoreFolder.DigestOf(BitConverter.GetBytes(i)))];
        for (int i = 0; i < 1000; i += 3)
            await store.PutAsync(BitConverter.GetBytes(i));

        IReadOnlyCollection<Digest> missing = await store.FindMissingAsync([.. asked, .. asked], StoreFolder.Token);

        Assert.Equal(asked.Where((_, i) => i % 3 != 0), missing);
    }

    [Fact]
    public async Task A_writer_keeps_its_announcement()
    {
        await using SegmentStore store = await folder.OpenAsync();
        foreach (int length in (int[])[10, 20_000])
        {
            Digest digest = StoreFolder.Key(length);
            await using BlobWriter writer = await store.OpenWriteAsync(digest, length, StoreFolder.Token);

            await Assert.ThrowsAsync<InvalidOperationException>(async () => await writer.CommitAsync(StoreFolder.Token));
            await Assert.ThrowsAsync<InvalidOperationException>(
                async () => await writer.WriteAsync(new ReadOnlySequence<byte>(new byte[length + 1]), StoreFolder.Token));
            Assert.False(await store.HasAsync(digest));
        }
    }
}
