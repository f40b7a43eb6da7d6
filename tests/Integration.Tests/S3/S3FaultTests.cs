using RemoteExec.Cas;
using RemoteExec.Cas.Stores.S3;
using RemoteExec.Protocol;

namespace RemoteExec.Integration.Tests.S3;

/// <summary>A service that breaks connections, refuses, answers too little or wrongly, or not at all.</summary>
public sealed class S3FaultTests(S3Gateway gateway) : IAsyncLifetime
{
    private S3TestBucket bucket = null!;
    private FaultyHttpProxy proxy = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private S3StoreOptions Options => bucket.Options() with { Endpoint = proxy.Address, PackBytes = 64 << 10, LargeBytes = 32 << 10, CacheBytes = 1 << 20, UnusedFor = TimeSpan.Zero };

    public async ValueTask InitializeAsync()
    {
        bucket = await S3TestBucket.CreateAsync(gateway);
        proxy = await FaultyHttpProxy.StartAsync(gateway.Port);
    }

    public async ValueTask DisposeAsync()
    {
        if (proxy is not null)
            await proxy.DisposeAsync();
        if (bucket is not null)
            await bucket.DisposeAsync();
    }

    [Fact]
    public async Task Packs_that_the_disk_can_not_read_are_in_nobodys_way_and_are_uploaded_once_it_can()
    {
        var time = new ManualTimeProvider();
        TestBlob[] blobs = [.. Enumerable.Range(0, 6).Select(i => TestBlob.Random(i, 1000))];
        S3StoreOptions options = Options with { Name = $"store-{Guid.NewGuid()}" }; // meters are heard across all tests
        using var failures = new UploadFailures(options.Name);
        await using S3Store store = await bucket.OpenAsync(options, time);
        await store.Maintenance.Reconciled.WaitAsync(Token);
        proxy.Fault = static (_, _) => HttpFault.SlowDown;
        foreach (TestBlob blob in blobs[..^1])
            await AppendPackAsync(store, blob);
        while (failures.Count < 4)
            await Task.Delay(1, Token); // then nobody reads the files: all who upload wait for time to pass
        string spool = Path.Combine(options.Path, "spool");
        store.Spool.Flush(); // each has its last name
        Dictionary<string, byte[]> packs = Directory.GetFiles(spool, "*.pack").ToDictionary(path => path, File.ReadAllBytes);
        foreach ((string path, byte[] content) in packs)
            await File.WriteAllBytesAsync(path, [.. content[..^1], (byte)~content[^1]], Token);
        proxy.Fault = static (_, _) => HttpFault.None;
        await AppendPackAsync(store, blobs[^1]);

        await PassTimeUntilAsync(time, () => Directory.GetFiles(spool).Length == packs.Count);

        Assert.Equal(packs.Keys.Order(), Directory.GetFiles(spool).Order());
        Assert.Single(await bucket.PacksAsync());
        foreach ((string path, byte[] content) in packs)
            await File.WriteAllBytesAsync(path, content, Token);
        await PassTimeUntilAsync(time, () => store.Spool.Backlog == 0);
        Assert.Equal(blobs.Length, (await bucket.PacksAsync()).Count);
    }

    [Fact]
    public async Task After_a_restart_what_waits_to_be_uploaded_hides_no_later_value_that_is_in_the_bucket()
    {
        var time = new ManualTimeProvider();
        TestBlob older = TestBlob.Random(1, 1000), newer = TestBlob.Random(2, 1000);
        string spool = Path.Combine(Options.Path, "spool");
        await using (S3Store store = await bucket.OpenAsync(Options, time))
        {
            await store.Maintenance.Reconciled.WaitAsync(Token);
            proxy.Fault = static (method, _) => method == "PUT" ? HttpFault.SlowDown : HttpFault.None;
            await AppendPackAsync(store, older);
            string stuck = Path.GetFileNameWithoutExtension(Assert.Single(Directory.GetFiles(spool)));
            proxy.Fault = (method, path) => method == "PUT" && path.Contains(stuck, StringComparison.Ordinal) ? HttpFault.SlowDown : HttpFault.None;
            await store.WriteAllAsync(older.Digest, newer.Content, Token); // as results do, which are no blobs
            await store.Spool.SealAsync(static _ => true, Token);
            await PassTimeUntilAsync(time, () => Directory.GetFiles(spool).Length == 1);
            Assert.Equal(newer.Content, await store.ReadAllAsync(older.Digest, 1000, Token));
            await store.AbandonAsync();
        }

        await using S3Store again = await bucket.OpenAsync(Options, time);

        Assert.Single(Directory.GetFiles(spool));
        Assert.Equal(newer.Content, await again.ReadAllAsync(older.Digest, 1000, Token));
    }

    [Fact]
    public async Task What_waits_for_the_bucket_is_told_with_its_age_also_after_a_kill()
    {
        var time = new ManualTimeProvider();
        TestBlob[] blobs = [.. Enumerable.Range(0, 3).Select(i => TestBlob.Random(i, 1000))];
        await using (S3Store store = await bucket.OpenAsync(Options, time))
        {
            await store.Maintenance.Reconciled.WaitAsync(Token);
            Assert.Equal((0, 0, null), (store.Statistics.BacklogBlobs, store.Statistics.BacklogBytes, store.Statistics.BacklogAge));
            proxy.Fault = static (_, _) => HttpFault.SlowDown;
            foreach (TestBlob blob in blobs)
            {
                await AppendPackAsync(store, blob);
                time.Advance(TimeSpan.FromMinutes(1));
            }

            Assert.Equal((3, TimeSpan.FromMinutes(3)), (store.Statistics.BacklogBlobs, store.Statistics.BacklogAge));
            Assert.InRange(store.Statistics.BacklogBytes, 3000, 4000);
            await store.AbandonAsync();
        }

        await using S3Store again = await bucket.OpenAsync(Options, time);
        Assert.Equal(3, again.Statistics.BacklogBlobs);
        Assert.NotNull(again.Statistics.BacklogAge);
        proxy.Fault = static (_, _) => HttpFault.None;
        await PassTimeUntilAsync(time, () => again.Statistics.BacklogBlobs == 0);

        Assert.Equal((3, 0, null), (again.Statistics.Blobs, again.Statistics.BacklogBytes, again.Statistics.BacklogAge));
    }

    private static async Task AppendPackAsync(S3Store store, TestBlob blob)
    {
        await store.WriteAllAsync(blob.Digest, blob.Content, Token);
        await store.Spool.SealAsync(static _ => true, Token);
    }

    private static async Task PassTimeUntilAsync(ManualTimeProvider time, Func<bool> condition)
    {
        while (!condition())
        {
            time.Advance(TimeSpan.FromMinutes(1));
            await Task.Delay(1, Token);
        }
    }

    [Theory]
    [Rule("CAS-04")]
    [InlineData(HttpFault.CutRequest)]
    [InlineData(HttpFault.CutAnswer)]
    [InlineData(HttpFault.SlowDown)]
    [InlineData(HttpFault.Broken)]
    [InlineData(HttpFault.ShortAnswer)]
    [InlineData(HttpFault.WrongBit)]
    public async Task However_requests_fail_uploads_complete_no_byte_is_wrong_and_what_is_found_can_be_read(HttpFault fault)
    {
        Chance chance = Chance.Create();
        var time = new ManualTimeProvider();
        TestBlob[] blobs =
        [
            .. Enumerable.Range(0, 30).Select(i => TestBlob.Random(i, 1 + chance.Random.Next(i % 10 == 0 ? 100_000 : 4000))),
            TestBlob.Random(100, 2_000_000), TestBlob.Random(101, (11 << 20) + 1), // several windows; several parts
        ];
        HashSet<Digest> damaged = []; // on their way; one wrong bit in a long value is enough for the store to give it up
        await using (S3Store store = await bucket.OpenAsync(Options, time))
        {
            await store.Maintenance.Reconciled.WaitAsync(Token);
            Fail(fault, chance);
            foreach (TestBlob blob in blobs)
                await store.WriteAllAsync(blob.Digest, blob.Content, Token);
            await store.Spool.SealAsync(static _ => true, Token);
            while (store.Spool.Backlog > 0)
            {
                time.Advance(TimeSpan.FromMinutes(1));
                await Task.Yield();
            }

            for (int round = 0; round < 2; round++)
            {
                await TryToTendAsync(store);
                foreach (TestBlob blob in blobs)
                {
                    if (!await ReadsOrFailsAsync(store, blob, chance))
                        damaged.Add(blob.Digest);
                }
            }

            proxy.Fault = (_, _) => HttpFault.None;
            await store.Maintenance.TendAsync(Token);
            await AssertReadsAsync(store, blobs, damaged);
            Assert.True(damaged.Count == 0 || fault == HttpFault.WrongBit, $"{fault} made the store give up {damaged.Count} values; {chance}");
        }

        // All of it is in the bucket, and right.
        await using S3Store other = await bucket.OpenAsync(Options with { Path = bucket.PathOf("b"), TakeOver = true }, time);
        await other.Maintenance.Reconciled.WaitAsync(Token);
        await AssertReadsAsync(other, blobs, damaged);
    }

    [Fact]
    [Rule("CAS-04")]
    public async Task A_node_that_recovers_from_a_service_that_fails_has_everything_in_the_end()
    {
        Chance chance = Chance.Create();
        TestBlob[] blobs = [.. Enumerable.Range(0, 60).Select(i => TestBlob.Random(i, i % 2 == 0 ? 40_000 : 4000))];
        await using (S3Store store = await bucket.OpenAsync(Options))
        {
            foreach (TestBlob blob in blobs)
                await store.WriteAllAsync(blob.Digest, blob.Content, Token);
        }

        foreach (HttpFault fault in (HttpFault[])[HttpFault.CutAnswer, HttpFault.SlowDown, HttpFault.ShortAnswer, HttpFault.WrongBit])
        {
            Fail(fault, chance);
            await using S3Store other = await bucket.OpenAsync(Options with { Path = bucket.PathOf($"{fault}"), TakeOver = true });
            await TryToTendAsync(other);
            proxy.Fault = (_, _) => HttpFault.None;
            await other.Maintenance.TendAsync(Token);
            await AssertReadsAsync(other, blobs, []);
        }
    }

    [Fact]
    public async Task A_service_that_is_silent_keeps_nobody_waiting_for_ever()
    {
        TestBlob known = TestBlob.Random(1, 100), late = TestBlob.Random(2, 100);
        S3StoreOptions options = Options with { Acknowledge = S3Acknowledgement.S3, Patience = TimeSpan.FromSeconds(0.5) };
        var time = new ManualTimeProvider();
        await using (S3Store store = await bucket.OpenAsync(options, time))
        {
            await store.Maintenance.Reconciled.WaitAsync(Token);
            await store.WriteAllAsync(known.Digest, known.Content, Token);
            proxy.Fault = (_, _) => HttpFault.Silence;

            await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.ReadAllAsync(known.Digest, 1000, Token));
            await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.Maintenance.TendAsync(Token));
            await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.WriteAllAsync(late.Digest, late.Content, Token));
            Assert.Equal([late.Digest], await store.FindMissingAsync([known.Digest, late.Digest], Token));

            proxy.Fault = (_, _) => HttpFault.None;
            while (store.Spool.Backlog > 0)
            {
                time.Advance(TimeSpan.FromMinutes(1));
                await Task.Yield();
            }

            await AssertReadsAsync(store, [known, late], []);
            proxy.Fault = (_, _) => HttpFault.Silence;
        }

        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await bucket.OpenAsync(options with { Path = bucket.PathOf("b") }));
    }

    /// <summary>From now on a third of the requests for packs fail.</summary>
    private void Fail(HttpFault fault, Chance chance) => proxy.Fault = (_, target) =>
    {
        lock (chance)
            return target.Contains("packs", StringComparison.Ordinal) && chance.Random.Next(3) == 0 ? fault : HttpFault.None;
    };

    private static async Task TryToTendAsync(S3Store store)
    {
        try
        {
            await store.Maintenance.TendAsync(Token);
        }
        catch (CasException)
        {
            // The next round will do.
        }
    }

    /// <summary>What is found is read, and found no more if it can't be, unless the service could not be reached. False if it was found and is no more.</summary>
    private static async Task<bool> ReadsOrFailsAsync(S3Store store, TestBlob blob, Chance chance)
    {
        bool isFound = await store.ContainsAsync(blob.Digest, Token);
        byte[]? content;
        try
        {
            content = await store.ReadAllAsync(blob.Digest, 16 << 20, Token);
        }
        catch (StoreUnavailableException)
        {
            return true;
        }
        catch (BlobCorruptException)
        {
            content = null;
        }

        if (content is null)
            Assert.False(await store.ContainsAsync(blob.Digest, Token), $"{blob.Digest} is found, and can't be read; {chance}");
        else
            Assert.True(content.AsSpan().SequenceEqual(blob.Content), $"{blob.Digest} is wrong; {chance}");
        return content is not null || !isFound;
    }

    private static async Task AssertReadsAsync(S3Store store, TestBlob[] blobs, HashSet<Digest> damaged)
    {
        IReadOnlyCollection<Digest> missing = await store.FindMissingAsync([.. blobs.Select(blob => blob.Digest)], Token);
        Assert.Empty(missing.Except(damaged));
        foreach (TestBlob blob in blobs.Where(blob => !missing.Contains(blob.Digest)))
            Assert.Equal(blob.Content, await store.ReadAllAsync(blob.Digest, 16 << 20, Token));
    }
}
