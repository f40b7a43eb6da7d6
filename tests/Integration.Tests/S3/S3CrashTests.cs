using RemoteExec.Cas.Stores.S3;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.CrashHost;

namespace RemoteExec.Integration.Tests.S3;

/// <summary>
/// Real processes that use a bucket, on a disk that keeps a diary; they are killed and started again while they write, upload, forget and delete. Then the power fails, and the store is opened on what
/// is left of the disk.
/// </summary>
public sealed class S3CrashTests(S3Gateway gateway)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [Rule("CAS-04")]
    [Rule("CAS-14")]
    [InlineData("local")]
    [InlineData("s3")]
    public async Task What_was_acknowledged_and_flushed_outlasts_kills_and_the_power_and_nothing_else_is_shown(string acknowledge)
    {
        Chance seed = Chance.Create();
        for (int number = 0; number < 2 * Chance.Effort; number++)
        {
            Chance chance = seed.ForCase(number);
            await using S3TestBucket bucket = await S3TestBucket.CreateAsync(gateway);
            using var journals = new TemporaryDirectory();
            string journalPath = journals["journal"], path = bucket.PathOf("a");
            Directory.CreateDirectory(path);
            var acknowledged = new CrashingStore();
            for (int round = 0; round < 2; round++)
            {
                await acknowledged.RunAndKillAsync(
                    CrashingStore.Command("bucket", path, bucket.Relay.Port, bucket.Name, acknowledge, round * 100_000),
                    chance.Random.Next(20, 200), FaultyDisk.Environment(path, journalPath));
            }

            DiskJournal journal = await DiskJournal.ReadAsync(journalPath);
            S3StoreOptions options = bucket.Options() with { UnusedFor = TimeSpan.Zero, Acknowledge = acknowledge == "s3" ? S3Acknowledgement.S3 : S3Acknowledgement.Local };
            await bucket.Relay.TakeDownAsync();
            for (int moment = 0; moment < 3; moment++)
                await AssertKnownAsync(bucket, options, journal, chance, $"{acknowledge}, moment {moment}, {chance}");
            bucket.Relay.TakeUp();

            string story = $"{acknowledge}, killed, {chance}";
            if (chance.Random.Next(3) > 0)
            {
                var survival = (Survival)chance.Random.Next(4);
                story = $"{acknowledge}, {survival} at the end, {chance}";
                Directory.Delete(path, recursive: true);
                Directory.CreateDirectory(path);
                new SimulatedDisk(journal, journal.Events.Count, chance.Random).WriteTo(path, survival);
            }

            await AssertReadableAsync(bucket, options, acknowledged, story);
        }
    }

    /// <summary>The power fails at a moment of the past, and the bucket is out of reach: what was acknowledged by then is known, and what is at hand is right.</summary>
    private static async Task AssertKnownAsync(S3TestBucket bucket, S3StoreOptions options, DiskJournal journal, Chance chance, string story)
    {
        int first = journal.Events.TakeWhile(happened => happened.Kind != DiskEventKind.Said).Count() + 1; // before that, the prefix was perhaps not its own
        int count = chance.Random.Next(first, journal.Events.Count + 1);
        var survival = (Survival)chance.Random.Next(4);
        var known = new CrashingStore();
        foreach (string line in journal.LinesBefore(count))
            known.Learn(line);
        using var left = new TemporaryDirectory();
        string path = Directory.CreateDirectory(left["disk"]).FullName;
        new SimulatedDisk(journal, count, chance.Random).WriteTo(path, survival);

        S3Store store = await bucket.OpenAsync(options with { Path = path });
        string[] format = await File.ReadAllLinesAsync(Path.Combine(path, StoreDirectory.FormatFile), Token);
        StoreKey key = StoreKey.Parse(format[2].AsSpan("key ".Length))!;
        await known.AssertRightAsync(store, mayLose: false, $"{survival}, at event {count} of {journal.Events.Count}; {story}", isAtHand: digest => store.Spool.Index.Find(key.TagOf(digest), digest.SizeBytes) == SpoolIndex.Answer.Found);
        await store.AbandonAsync();
    }

    /// <summary>All that was acknowledged can be read, at once, after the bucket was compared, and by a node that has nothing but the bucket.</summary>
    private static async Task AssertReadableAsync(S3TestBucket bucket, S3StoreOptions options, CrashingStore acknowledged, string story)
    {
        await using (S3Store store = await bucket.OpenAsync(options))
        {
            await acknowledged.AssertRightAsync(store, mayLose: false, $"at once; {story}");
            await store.Maintenance.Reconciled.WaitAsync(Token);
            await acknowledged.AssertRightAsync(store, mayLose: false, $"compared; {story}");
        }

        await using S3Store other = await bucket.OpenAsync(options with { Path = bucket.PathOf("b"), TakeOver = true });
        await other.Maintenance.Reconciled.WaitAsync(Token);
        await acknowledged.AssertRightAsync(other, mayLose: false, $"by another node; {story}");
    }
}
