using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas.Stores.S3;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Stores.S3;

/// <summary>What waits to be uploaded, and what a kill leaves of it.</summary>
public sealed class SpoolTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly StoreKey key = StoreKey.Create();
    private readonly ManualTimeProvider time = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Folder => directory["spool"];

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task A_pack_that_is_cut_anywhere_keeps_its_whole_records_and_no_other()
    {
        TestBlob[] blobs = [.. Enumerable.Range(0, 4).Select(i => TestBlob.Random(i, 20 + i))];
        Spool killed = Open();
        foreach (TestBlob blob in blobs)
            await AppendAsync(killed, blob);
        await killed.DisposeAsync();
        string path = Assert.Single(Directory.GetFiles(Folder, "*.open"));
        byte[] whole = await File.ReadAllBytesAsync(path, Token);
        int record = whole.Length / blobs.Length; // all are padded to the same length

        for (int length = 0; length <= whole.Length; length++)
        {
            foreach (string file in Directory.GetFiles(Folder))
                File.Delete(file);
            await File.WriteAllBytesAsync(path, whole[..length], Token);
            Spool spool = Open();

            Assert.Equal(length / record, spool.Recover(NothingInTheBucket));

            Assert.Equal(blobs.Take(length / record).Select(blob => blob.Digest), Found(spool, blobs));
            await spool.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_sealed_pack_that_the_power_cut_anywhere_keeps_its_whole_records_and_no_other()
    {
        TestBlob[] blobs = [.. Enumerable.Range(0, 4).Select(i => TestBlob.Random(i, 20 + i))];
        Spool killed = Open();
        foreach (TestBlob blob in blobs)
            await AppendAsync(killed, blob);
        long records = new FileInfo(Assert.Single(Directory.GetFiles(Folder, "*.open"))).Length;
        await killed.SealAsync(static _ => true, Token);
        await killed.DisposeAsync();
        string path = Assert.Single(Directory.GetFiles(Folder, "*.sealed"));
        byte[] whole = await File.ReadAllBytesAsync(path, Token);

        for (int length = 0; length <= whole.Length; length += 3)
        {
            File.Delete(path);
            await File.WriteAllBytesAsync(path, whole[..length], Token);
            Spool spool = Open();
            int kept = (int)Math.Min(blobs.Length, length / (records / blobs.Length));

            Assert.Equal(kept, spool.Recover(NothingInTheBucket));

            Assert.Equal(blobs.Take(kept).Select(blob => blob.Digest), Found(spool, blobs));
            if (spool.Sealed.TryRead(out SpoolPack? pack))
                Assert.Equal(kept, spool.ReadManifest(pack).Count);
            await spool.DisposeAsync();
        }
    }

    [Fact]
    [Rule("CAS-04")]
    public async Task Of_a_sealed_pack_whose_list_alone_came_to_the_medium_nothing_is_found_that_can_not_be_read()
    {
        TestBlob[] blobs = [.. Enumerable.Range(0, 3).Select(i => TestBlob.Random(i, 200))];
        Spool killed = Open();
        foreach (TestBlob blob in blobs)
            await AppendAsync(killed, blob);
        long records = new FileInfo(Assert.Single(Directory.GetFiles(Folder, "*.open"))).Length;
        await killed.SealAsync(static _ => true, Token);
        await killed.DisposeAsync();
        string path = Assert.Single(Directory.GetFiles(Folder, "*.sealed"));
        byte[] content = await File.ReadAllBytesAsync(path, Token);
        content.AsSpan((int)records / 3, (int)records / 3).Clear();
        await File.WriteAllBytesAsync(path, content, Token);

        Spool spool = Open();
        spool.Recover(NothingInTheBucket);

        Assert.Equal([blobs[0].Digest], Found(spool, blobs));
        await spool.DisposeAsync();
    }

    [Fact]
    public async Task A_sealed_pack_that_was_flushed_is_known_by_its_name()
    {
        Spool killed = Open();
        TestBlob[] blobs = [.. Enumerable.Range(0, 3).Select(i => TestBlob.Random(i, 200))];
        await AppendAsync(killed, blobs[0]);
        killed.Flush();
        Assert.Single(Directory.GetFiles(Folder, "*.open"));
        await AppendAsync(killed, blobs[1]);
        await killed.SealAsync(static _ => true, Token);
        Assert.Single(Directory.GetFiles(Folder, "*.sealed"));

        killed.Flush();
        await killed.DisposeAsync();
        Spool spool = Open();
        spool.Recover(NothingInTheBucket);

        Assert.EndsWith(".pack", Assert.Single(Directory.GetFiles(Folder)), StringComparison.Ordinal);
        Assert.Equal(blobs[..2].Select(blob => blob.Digest), Found(spool, blobs));
        await spool.DisposeAsync();
    }

    [Fact]
    public async Task A_damaged_record_ends_what_is_recovered()
    {
        TestBlob[] blobs = [.. Enumerable.Range(0, 3).Select(i => TestBlob.Random(i, 200))];
        Spool killed = Open();
        foreach (TestBlob blob in blobs)
            await AppendAsync(killed, blob);
        await killed.DisposeAsync();
        string path = Assert.Single(Directory.GetFiles(Folder, "*.open"));
        byte[] content = await File.ReadAllBytesAsync(path, Token);
        content[(content.Length / 3) + 150] ^= 1;
        await File.WriteAllBytesAsync(path, content, Token);

        Spool spool = Open();
        spool.Recover(NothingInTheBucket);

        Assert.Equal([blobs[0].Digest], Found(spool, blobs));
        await spool.DisposeAsync();
    }

    [Fact]
    public async Task What_an_append_left_that_failed_is_never_taken_for_a_record()
    {
        TestBlob kept = TestBlob.Random(1, 100);
        TestBlob forged = TestBlob.Random(2, 100);
        var bytes = new MemoryStream();
        bytes.Write(new byte[RecordOf(kept).Length]); // where the next record ends, there is one in the value
        bytes.Write(BytesOf(forged));
        TestBlob failing = TestBlob.Of(bytes.ToArray()[RecordOf(kept).HeaderLength..]);
        Spool killed = Open();
        await Assert.ThrowsAsync<IOException>(async () => await AppendAsync(killed, failing, static () => throw new IOException("the disk failed")));

        await AppendAsync(killed, kept);
        await killed.DisposeAsync();
        Spool spool = Open();

        Assert.Equal(1, spool.Recover(NothingInTheBucket));
        Assert.Equal([kept.Digest], Found(spool, [kept, forged, failing]));
        await spool.DisposeAsync();
    }

    [Fact]
    public async Task What_was_recovered_is_sealed_and_recovered_again()
    {
        TestBlob blob = TestBlob.Random(1, 5000);
        Spool killed = Open();
        await AppendAsync(killed, blob);
        await killed.DisposeAsync();
        Spool first = Open();
        first.Recover(NothingInTheBucket);
        await first.DisposeAsync();
        Assert.Empty(Directory.GetFiles(Folder, "*.open"));

        Spool second = Open();
        second.Recover(NothingInTheBucket);

        Assert.Equal([blob.Digest], Found(second, [blob]));
        Assert.True(second.Sealed.TryRead(out SpoolPack? pack));
        Assert.Equal(blob.Digest, Assert.Single(second.ReadManifest(pack)).Record.Digest);
        Assert.Equal(second.Backlog, new FileInfo(pack.Path).Length);
        await second.DisposeAsync();
    }

    [Fact]
    public async Task Writers_are_refused_what_the_backlog_has_no_room_for()
    {
        Spool spool = Open();
        spool.Reserve(900 << 10);

        StoreFullException refusal = Assert.Throws<StoreFullException>(() => spool.Reserve(200 << 10));

        Assert.Contains("maxBacklog", refusal.Message, StringComparison.Ordinal);
        spool.Unreserve(900 << 10);
        spool.Reserve(200 << 10);
        await spool.DisposeAsync();
    }

    [Fact]
    public async Task A_pack_is_sealed_when_its_time_has_come()
    {
        Spool spool = Open();
        await AppendAsync(spool, TestBlob.Random(1, 100));

        time.Advance(TimeSpan.FromSeconds(29));
        await spool.SealAsync(spool.IsComplete, Token);
        Assert.False(spool.Sealed.TryRead(out _));

        time.Advance(TimeSpan.FromSeconds(1));
        await spool.SealAsync(spool.IsComplete, Token);
        Assert.True(spool.Sealed.TryRead(out _));
        await spool.DisposeAsync();
    }

    [Fact]
    public async Task A_manifest_lists_the_last_value_of_a_key_only()
    {
        Spool spool = Open();
        TestBlob blob = TestBlob.Random(1, 100);
        await AppendAsync(spool, blob);
        await AppendAsync(spool, blob);
        await spool.SealAsync(static _ => true, Token);

        Assert.True(spool.Sealed.TryRead(out SpoolPack? pack));
        PackEntry entry = Assert.Single(spool.ReadManifest(pack));

        Assert.Equal(entry.Record.Length, entry.Offset);
        spool.Remove(pack, [entry]);
        Assert.Equal(0, spool.Index.Count);
        Assert.Empty(Directory.GetFiles(Folder));
        await spool.DisposeAsync();
    }

    private static bool NothingInTheBucket(UInt128 tag, PackName pack) => false;

    private Spool Open()
    {
        var options = new S3StoreOptions { Bucket = "none", Path = directory.FullPath, PackBytes = 64 << 10, LargeBytes = 32 << 10, MaxBacklog = 1 << 20 };
        return new Spool(options, directory.FullPath, key, new S3Clock(time), 1, new StorageFaults("s3", NullLogger.Instance, time), time);
    }

    private static PackRecord RecordOf(TestBlob blob) =>
        new() { Digest = blob.Digest, ValueLength = blob.Content.Length, Checksum = Crc32C.Compute(blob.Content), Hour = 1 };

    private static byte[] BytesOf(TestBlob blob)
    {
        PackRecord record = RecordOf(blob);
        var bytes = new byte[record.Length];
        record.Write(bytes);
        blob.Content.CopyTo(bytes, record.HeaderLength);
        return bytes;
    }

    private static async Task AppendAsync(Spool spool, TestBlob blob, Action? written = null)
    {
        PackRecord record = RecordOf(blob);
        spool.Reserve(record.Length);
        await spool.AppendAsync(
            record,
            (pack, offset) =>
            {
                pack.Write(BytesOf(blob), offset);
                written?.Invoke();
            },
            isWanted: null,
            Token);
    }

    private IEnumerable<Digest> Found(Spool spool, IEnumerable<TestBlob> blobs) =>
        blobs.Select(blob => blob.Digest).Where(digest => spool.Index.Find(key.TagOf(digest), digest.SizeBytes) == SpoolIndex.Answer.Found);
}
