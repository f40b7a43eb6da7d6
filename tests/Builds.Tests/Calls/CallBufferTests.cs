using RemoteExec.Builds.Calls;
using RemoteExec.Builds.Tests.Records;
using RemoteExec.Cas.Builds;

namespace RemoteExec.Builds.Tests.Calls;

public sealed class CallBufferTests
{
    private readonly CallBuffer buffer = new(new ManualTimeProvider());

    [Fact]
    public void Whoever_fetches_without_having_waited_is_in_nobodys_way()
    {
        for (int round = 0; round < 3; round++)
        {
            Fill(CallBatch.MostCalls);

            Assert.Equal(CallBatch.MostCalls, buffer.Fetch().Count);
        }

        Assert.Equal(0, buffer.Dropped);
    }

    [Fact]
    public void What_does_not_fit_is_dropped_and_counted()
    {
        Fill(CallBatch.MostCalls + 5);

        Assert.Equal(5, buffer.Dropped);
        Assert.Equal(CallBatch.MostCalls, buffer.Fetch().Count);
    }

    [Fact]
    public async Task Whoever_waits_is_woken_when_there_is_much()
    {
        Fill(CallBatch.MostCalls);

        await buffer.WaitAsync(Timeout.InfiniteTimeSpan, TestContext.Current.CancellationToken);

        Assert.Equal(CallBatch.MostCalls, buffer.Fetch().Count);
    }

    [Fact]
    public async Task Nothing_is_lost_among_many_who_tell_at_once()
    {
        const int Tellers = 4, Calls = 5000;
        Task telling = Task.WhenAll(Enumerable.Range(0, Tellers).Select(_ => Task.Run(() => Fill(Calls))));

        int fetched = 0;
        while (!telling.IsCompleted)
            fetched += buffer.Fetch().Count;
        await telling;
        fetched += buffer.Fetch().Count;

        Assert.Equal(Tellers * Calls, fetched + buffer.Dropped);
    }

    private void Fill(int calls)
    {
        for (int i = 0; i < calls; i++)
            new ToldCall(CallKind.Read, ToldCall.ActionOf(1)) { Invocation = null }.Tell(buffer);
    }
}
