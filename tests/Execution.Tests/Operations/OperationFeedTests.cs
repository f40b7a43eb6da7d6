using RemoteExec.Execution.Operations;
using RemoteExec.TestKit;
using Stage = Build.Bazel.Remote.Execution.V2.ExecutionStage.Types.Value;

namespace RemoteExec.Execution.Tests.Operations;

public sealed class OperationFeedTests
{
    private static readonly TimeSpan repeatAfter = TimeSpan.FromSeconds(10);
    private readonly ManualTimeProvider time = new();

    [Fact]
    [Rule("WEX-01")]
    public async Task A_reader_gets_the_state_at_hand_then_the_newest_and_the_end()
    {
        var feed = FeedOf(Stage.CacheCheck);
        await using IAsyncEnumerator<OperationState> reader = Read(feed);

        await reader.MoveNextAsync();
        Stage first = reader.Current.Stage;
        feed.Publish(State(Stage.Queued));
        feed.Publish(State(Stage.Executing));
        await reader.MoveNextAsync();
        Stage second = reader.Current.Stage;
        feed.Publish(State(Stage.Completed));
        await reader.MoveNextAsync();
        Stage third = reader.Current.Stage;

        Assert.Equal([Stage.CacheCheck, Stage.Executing, Stage.Completed], [first, second, third]);
        Assert.False(await reader.MoveNextAsync());
    }

    [Fact]
    [Rule("EXE-20")]
    public async Task A_state_that_lasts_is_repeated()
    {
        var feed = FeedOf(Stage.Queued);
        await using IAsyncEnumerator<OperationState> reader = Read(feed);
        await reader.MoveNextAsync();

        for (int i = 0; i < 3; i++)
        {
            ValueTask<bool> next = reader.MoveNextAsync();
            Assert.False(next.IsCompleted);
            time.Advance(repeatAfter);
            Assert.True(await next);
            Assert.Equal(Stage.Queued, reader.Current.Stage);
        }
    }

    [Fact]
    [Rule("OPS-03")]
    public async Task The_feed_of_a_deleted_operation_ends_with_an_error()
    {
        var feed = FeedOf(Stage.Queued);
        await using IAsyncEnumerator<OperationState> reader = Read(feed);
        await reader.MoveNextAsync();
        ValueTask<bool> next = reader.MoveNextAsync();

        feed.End(new OperationNotFoundException("gone"));

        await Assert.ThrowsAsync<OperationNotFoundException>(() => next.AsTask());
    }

    [Fact]
    public async Task The_end_is_told_even_if_the_operation_is_forgotten_right_after()
    {
        var feed = FeedOf(Stage.Queued);
        await using IAsyncEnumerator<OperationState> reader = Read(feed);
        await reader.MoveNextAsync();
        feed.Publish(State(Stage.Completed));
        feed.End(new OperationNotFoundException("gone"));

        Assert.True(await reader.MoveNextAsync());
        Assert.True(reader.Current.IsDone);
    }

    [Fact]
    public async Task A_reader_that_is_cancelled_stops()
    {
        using var cancellation = new CancellationTokenSource();
        var feed = FeedOf(Stage.Queued);
        await using IAsyncEnumerator<OperationState> reader = feed.ReadAsync(repeatAfter, time, cancellation.Token).GetAsyncEnumerator();
        await reader.MoveNextAsync();
        ValueTask<bool> next = reader.MoveNextAsync();

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next.AsTask());
        Assert.Equal(0, time.WaitingTimers);
    }

    private IAsyncEnumerator<OperationState> Read(OperationFeed feed) =>
        feed.ReadAsync(repeatAfter, time, TestContext.Current.CancellationToken).GetAsyncEnumerator();

    private static OperationState State(Stage stage) => new(
        new OperationRequest(default, new SharedDigest(default), new Submission()), stage, null,
        stage == Stage.Completed ? new Outcome.Answered(new Reapi.ExecuteResponse()) : null);

    private static OperationFeed FeedOf(Stage stage)
    {
        OperationState first = State(stage);
        var feed = new OperationFeed(new Lock());
        feed.Publish(first);
        return feed;
    }
}
