using Google.Protobuf;
using RemoteExec.Builds.Sharing;
using RemoteExec.Builds.Storage;
using RemoteExec.Protocol.Sharing;

namespace RemoteExec.Builds.Tests.Sharing;

public sealed class SharingLedgerTests : IDisposable
{
    private static readonly DateTimeOffset now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly TemporaryDirectory directory = new();
    private readonly SharingCounts counts = new(new RecordingLogger());
    private readonly BuildDatabase database;
    private SharingLedger<BuildBatch> ledger;

    public SharingLedgerTests()
    {
        database = BuildDatabase.Open(directory["builds.db"], [SharingTables.Schema], new RecordingLogger());
        ledger = Begin();
    }

    public void Dispose()
    {
        database.Dispose();
        directory.Dispose();
    }

    [Fact]
    public void What_a_killed_server_had_read_and_not_committed_is_taken_in_once_by_the_next()
    {
        ledger.Arrive([Of("other", 1), Of("other", 2)], At("2-0"));
        Assert.Equal(2, Take(commits: false));

        ledger = Begin(); // the server was killed before its transaction ended
        Assert.Equal(StreamPosition.None, Loaded().Position);
        ledger.Arrive([Of("other", 1), Of("other", 2)], At("2-0"));
        Assert.Equal(2, Take(commits: true));

        ledger = Begin();
        Assert.Equal(At("2-0"), Loaded().Position);
        ledger.Arrive([Of("other", 2), Of("other", 3)], At("3-0"));
        Assert.Equal(1, Take(commits: true));
        Assert.Equal(0, counts.Missed);
    }

    [Fact]
    public void What_was_undone_is_written_with_what_comes_next()
    {
        ledger.Arrive([Of("other", 1)], At("1-0"));
        Take(commits: true);
        ledger.Arrive([Of("other", 2), Of("third", 8)], At("2-0"));
        Take(commits: false); // the disk is full
        Tell(now);

        ledger = Begin();
        Assert.Equal(At("2-0"), Loaded().Position);
        ledger.Arrive([Of("other", 2), Of("other", 3), Of("third", 8), Of("third", 9)], At("3-0"));

        Assert.Equal(2, Take(commits: true));
        Assert.Equal(0, counts.Missed);
    }

    [Fact]
    public void Of_so_many_others_as_there_may_be_those_are_remembered_that_were_heard_last()
    {
        for (int number = 0; number < 1100; number++)
        {
            ledger.Arrive([Of($"other-{number}", 1)], At($"{number}-1"));
            Take(commits: true, now.AddSeconds(number));
        }

        ledger = Begin();
        Take(commits: true, now.AddHours(1));
        ledger.Arrive([Of("other-0", 5), Of("other-1099", 5)], At("2000-0"));
        Take(commits: true);

        Assert.Equal(3, counts.Missed); // of the last one
    }

    [Fact]
    public void A_number_that_is_skipped_is_counted_as_missed_but_not_before_the_first()
    {
        ledger.Arrive([Of("other", 7), Of("third", 3), Of("other", 10)], At("1-0"));

        Assert.Equal(3, Take(commits: true));

        Assert.Equal(2, counts.Missed);
    }

    [Fact]
    public void What_is_told_stays_until_it_was_sent_and_for_ten_minutes_more()
    {
        Tell(now);
        Tell(now.AddMinutes(11));
        Assert.Equal([1, 2], Outbox());

        Take(commits: true, now.AddMinutes(12));
        Assert.Equal([1, 2], Outbox());

        ledger.Sent = 2;
        Take(commits: true, now.AddMinutes(13));
        Assert.Equal([2], Outbox());
    }

    [Fact]
    public void The_numbers_of_a_file_go_on_when_the_server_is_started_again()
    {
        Tell(now);
        string origin = ledger.Origin;

        ledger = Begin();
        Tell(now);

        Assert.Equal((origin, 2L), (ledger.Origin, ledger.Sequence));
    }

    [Fact]
    public void Ones_own_batches_come_back_and_are_nothing_new()
    {
        Tell(now);

        ledger.Arrive([Of(ledger.Origin, 1)], At("1-0"));

        Assert.False(ledger.HasArrived);
        Assert.Equal(At("1-0"), ledger.Position);
    }

    private static StreamPosition At(string id) => new("generation", id);

    private static Received<BuildBatch> Of(string origin, long sequence) => new(origin, sequence, new BuildBatch());

    private SharingLedger<BuildBatch> Begin() => new(1 << 20, counts);

    private SharingLedger<BuildBatch> Loaded()
    {
        Assert.Equal(0, Take(commits: true));
        return ledger;
    }

    private int Take(bool commits, DateTimeOffset? at = null)
    {
        using var transaction = WriteTransaction.Begin(database.Writer);
        int taken = ledger.Take(database.Writer, at ?? now).Count;
        if (commits)
            transaction.Commit();
        return taken;
    }

    private void Tell(DateTimeOffset at)
    {
        using var transaction = WriteTransaction.Begin(database.Writer);
        ledger.Tell(database.Writer, new BuildBatch().ToByteArray(), at);
        transaction.Commit();
    }

    private IEnumerable<long> Outbox() => SharingLedger<BuildBatch>.Outbox(database.Writer, 0, 1 << 20).Select(batch => batch.Sequence);
}
