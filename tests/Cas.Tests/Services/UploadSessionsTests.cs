using System.Buffers;
using RemoteExec.Cas.Services;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Services;

public sealed class UploadSessionsTests
{
    private readonly ManualTimeProvider time = new();
    private readonly CountingStore store = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static ResourceName Name(int seed) => new(TestBlob.Random(seed, 100).Digest, Reapi.Compressor.Types.Value.Identity, "id");

    private UploadSessions Sessions(UploadSessionsOptions? options = null) => new(options ?? new UploadSessionsOptions(), time);

    private async Task InterruptAsync(UploadSessions sessions, ResourceName name, int bytes)
    {
        UploadSession? session = await sessions.EnterAsync(name, 0, Token);
        Assert.NotNull(session);
        await session.AppendAsync(store, new ReadOnlySequence<byte>(new byte[bytes]), Token);
        await sessions.LeaveAsync(session, keep: true);
    }

    [Fact]
    [Rule("BSW-17")]
    public async Task The_oldest_uploads_go_when_there_are_too_many()
    {
        await using UploadSessions sessions = Sessions(new UploadSessionsOptions { MaxIdle = 3 });

        for (int i = 0; i < 5; i++)
            await InterruptAsync(sessions, Name(i), 10);

        Assert.Equal([0, 0, 10, 10, 10], Enumerable.Range(0, 5).Select(i => sessions.ReportCommittedSize(Name(i))));
        Assert.Equal(3, store.OpenWriters);
    }

    [Fact]
    [Rule("BSW-17")]
    public async Task The_oldest_uploads_go_when_they_hold_too_much()
    {
        await using UploadSessions sessions = Sessions(new UploadSessionsOptions { MaxIdleBytes = 100 });

        await InterruptAsync(sessions, Name(0), 40);
        await InterruptAsync(sessions, Name(1), 50);
        await InterruptAsync(sessions, Name(2), 50);

        Assert.Equal([0, 50, 50], Enumerable.Range(0, 3).Select(i => sessions.ReportCommittedSize(Name(i))));
        Assert.Equal(2, store.OpenWriters);
    }

    [Fact]
    [Rule("BSW-17")]
    public async Task An_upload_that_is_continued_is_young_again()
    {
        await using UploadSessions sessions = Sessions(new UploadSessionsOptions { MaxIdle = 2 });
        await InterruptAsync(sessions, Name(0), 10);
        await InterruptAsync(sessions, Name(1), 10);

        UploadSession? continued = await sessions.EnterAsync(Name(0), 10, Token);
        await sessions.LeaveAsync(continued!, keep: true);
        await InterruptAsync(sessions, Name(2), 10);

        Assert.Equal([10, 0, 10], Enumerable.Range(0, 3).Select(i => sessions.ReportCommittedSize(Name(i))));
    }

    [Fact]
    [Rule("BSW-17")]
    public async Task Time_alone_frees_what_nobody_continues()
    {
        await using UploadSessions sessions = Sessions(new UploadSessionsOptions { IdleTimeout = TimeSpan.FromMinutes(8) });
        await InterruptAsync(sessions, Name(0), 10);

        time.Advance(TimeSpan.FromMinutes(6));
        await InterruptAsync(sessions, Name(1), 10);
        time.Advance(TimeSpan.FromMinutes(2));

        while (store.OpenWriters != 1)
            await Task.Yield();
        Assert.Equal([0, 10], Enumerable.Range(0, 2).Select(i => sessions.ReportCommittedSize(Name(i))));
    }

    [Fact]
    public async Task An_upload_in_progress_does_not_age()
    {
        await using UploadSessions sessions = Sessions();
        UploadSession? session = await sessions.EnterAsync(Name(0), 0, Token);
        await session!.AppendAsync(store, new ReadOnlySequence<byte>(new byte[10]), Token);

        time.Advance(TimeSpan.FromHours(1));

        Assert.Equal(10, sessions.ReportCommittedSize(Name(0)));
        await sessions.LeaveAsync(session, keep: true);
        Assert.Equal(10, sessions.ReportCommittedSize(Name(0)));
    }

    [Fact]
    [Rule("BSW-12")]
    public async Task A_second_upload_from_the_start_is_one_of_its_own()
    {
        await using UploadSessions sessions = Sessions();
        UploadSession? first = await sessions.EnterAsync(Name(0), 0, Token);
        UploadSession? second = await sessions.EnterAsync(Name(0), 0, Token);
        Assert.NotSame(first, second);
        await first!.AppendAsync(store, new ReadOnlySequence<byte>(new byte[10]), Token);
        await second!.AppendAsync(store, new ReadOnlySequence<byte>(new byte[20]), Token);

        await sessions.LeaveAsync(second, keep: true);

        Assert.Equal(10, sessions.ReportCommittedSize(Name(0)));
        Assert.False(first.TakenOver.IsCancellationRequested);
        await sessions.LeaveAsync(first, keep: true);
        Assert.Equal(1, store.OpenWriters);
    }

    [Fact]
    [Rule("BSW-13")]
    public async Task A_continuation_waits_until_the_call_before_has_left()
    {
        await using UploadSessions sessions = Sessions();
        UploadSession? first = await sessions.EnterAsync(Name(0), 0, Token);
        await first!.AppendAsync(store, new ReadOnlySequence<byte>(new byte[10]), Token);

        ValueTask<UploadSession?> second = sessions.EnterAsync(Name(0), 10, Token);
        Assert.True(first.TakenOver.IsCancellationRequested);
        Assert.False(second.IsCompleted);
        await sessions.LeaveAsync(first, keep: true);

        Assert.Same(first, await second);
        Assert.False(first.TakenOver.IsCancellationRequested);
        await sessions.LeaveAsync(first, keep: false);
        Assert.Equal(0, store.OpenWriters);
    }

    [Fact]
    public async Task Nothing_is_left_open_at_the_end()
    {
        UploadSessions sessions = Sessions();
        await InterruptAsync(sessions, Name(0), 10);
        await InterruptAsync(sessions, Name(1), 10);

        await sessions.DisposeAsync();

        Assert.Equal(0, store.OpenWriters);
    }

    [Fact]
    public void Bad_options_are_all_named() => Assert.Equal(
        3, new UploadSessionsOptions { IdleTimeout = TimeSpan.Zero, MaxIdle = -1, MaxIdleBytes = -1 }.Validate().Count());

    /// <summary>Counts the writers that were not disposed.</summary>
    private sealed class CountingStore : IBlobStore
    {
        private readonly MemoryStore inner = new(1000);
        private int openWriters;

        public int OpenWriters => Volatile.Read(ref openWriters);

        public ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken) =>
            inner.FindMissingAsync(digests, cancellationToken);

        public ValueTask<BlobReader?> OpenReadAsync(Digest digest, long offset, CancellationToken cancellationToken) =>
            inner.OpenReadAsync(digest, offset, cancellationToken);

        public async ValueTask<BlobWriter> OpenWriteAsync(Digest digest, long length, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref openWriters);
            return new Writer(this, await inner.OpenWriteAsync(digest, length, cancellationToken));
        }

        private sealed class Writer(CountingStore store, BlobWriter inner) : BlobWriter
        {
            public override ValueTask WriteAsync(ReadOnlySequence<byte> data, CancellationToken cancellationToken) => inner.WriteAsync(data, cancellationToken);

            public override ValueTask CommitAsync(CancellationToken cancellationToken) => inner.CommitAsync(cancellationToken);

            public override ValueTask DisposeAsync()
            {
                Interlocked.Decrement(ref store.openWriters);
                return inner.DisposeAsync();
            }
        }
    }
}
