using Google.Protobuf.WellKnownTypes;
using RemoteExec.Rpc.Server.Limits;
using RemoteExec.TestKit;

namespace RemoteExec.Rpc.Tests.Server.Limits;

public sealed class MemoryBudgetTests
{
    private const long MiB = 1 << 20;
    private readonly ManualTimeProvider time = new();
    private readonly MemoryBudget budget;

    public MemoryBudgetTests() => budget = new MemoryBudget(100 * MiB, time);

    private static MemoryClaim Claim(long bytes) => new(IsGreedy: false, IsModest: false, bytes);

    private ValueTask TakeAsync(long bytes, MemoryUse use, MemoryClaim claim = default, CancellationToken? cancellationToken = null) =>
        budget.TakeAsync(bytes, use, claim, cancellationToken ?? Methods.Token);

    [Theory]
    [InlineData(MemoryUse.Write)]
    [InlineData(MemoryUse.Read)]
    public async Task Neither_who_writes_nor_who_reads_gets_more_than_two_fifths(MemoryUse use)
    {
        await TakeAsync(40 * MiB, use);

        ValueTask more = TakeAsync(1, use);

        Assert.False(more.IsCompleted);
        await TakeAsync(30 * MiB, use == MemoryUse.Write ? MemoryUse.Read : MemoryUse.Write);
        time.Advance(MemoryBudget.Patience);
        await Assert.ThrowsAsync<MemoryShortException>(more.AsTask);
    }

    [Fact]
    public async Task Who_waits_is_served_in_his_turn_as_soon_as_there_is_some()
    {
        await TakeAsync(40 * MiB, MemoryUse.Write);
        Task large = TakeAsync(30 * MiB, MemoryUse.Write).AsTask(), small = TakeAsync(1, MemoryUse.Write).AsTask();

        budget.Give(20 * MiB, MemoryUse.Write);
        Assert.False(large.IsCompleted || small.IsCompleted); // the small one does not overtake
        budget.Give(20 * MiB, MemoryUse.Write);

        await Task.WhenAll(large, small).WaitAsync(TimeSpan.FromMinutes(1), Methods.Token);
        Assert.Equal((30 * MiB) + 1, budget.Used);
    }

    [Fact]
    public async Task Who_would_hold_least_is_served_first_and_whose_address_is_greedy_last()
    {
        await TakeAsync(40 * MiB, MemoryUse.Write);
        Task greedy = TakeAsync(MiB, MemoryUse.Write, new MemoryClaim(IsGreedy: true, IsModest: false, MiB)).AsTask();
        Task large = TakeAsync(MiB, MemoryUse.Write, Claim(5 * MiB)).AsTask();
        Task small = TakeAsync(MiB, MemoryUse.Write, Claim(2 * MiB)).AsTask();

        foreach (Task next in new[] { small, large, greedy })
        {
            Assert.False(next.IsCompleted);
            budget.Give(MiB, MemoryUse.Write);
            await next.WaitAsync(TimeSpan.FromMinutes(1), Methods.Token);
        }
    }

    [Fact]
    public async Task Who_comes_later_does_not_take_what_another_waits_for()
    {
        await TakeAsync(40 * MiB, MemoryUse.Write);
        Task waiting = TakeAsync(5 * MiB, MemoryUse.Write, Claim(5 * MiB)).AsTask();
        budget.Give(3 * MiB, MemoryUse.Write);

        Task later = TakeAsync(MiB, MemoryUse.Write, Claim(6 * MiB)).AsTask();

        Assert.False(later.IsCompleted); // though there would be room for it
        Assert.True(TakeAsync(MiB, MemoryUse.Write, Claim(MiB)).IsCompleted);
        budget.Give(4 * MiB, MemoryUse.Write);
        await Task.WhenAll(waiting, later).WaitAsync(TimeSpan.FromMinutes(1), Methods.Token);
    }

    [Fact]
    public async Task A_part_is_for_who_holds_no_more_than_others()
    {
        await TakeAsync(40 * MiB, MemoryUse.Write);
        budget.Count(40 * MiB); // beyond the bound of those who write

        Assert.True(TakeAsync(5 * MiB, MemoryUse.Write, new MemoryClaim(IsGreedy: false, IsModest: true, 5 * MiB)).IsCompletedSuccessfully);
        Assert.False(TakeAsync(1, MemoryUse.Write, Claim(1)).IsCompleted);
    }

    [Fact]
    public async Task Who_would_hold_much_is_not_waited_with()
    {
        await TakeAsync(40 * MiB, MemoryUse.Write);

        await Assert.ThrowsAsync<MemoryShortException>(() => TakeAsync(MiB, MemoryUse.Write, Claim(7 * MiB)).AsTask());
        Assert.Equal(0, time.WaitingTimers);
    }

    [Fact]
    public async Task Memory_is_wanted_while_somebody_waits_and_as_long_as_he_may_come_again()
    {
        await TakeAsync(40 * MiB, MemoryUse.Read);
        Assert.False(budget.IsWanted);

        Task waiting = TakeAsync(MiB, MemoryUse.Read).AsTask();
        Assert.True(budget.IsWanted);
        time.Advance(MemoryBudget.Patience);
        await Assert.ThrowsAsync<MemoryShortException>(() => waiting);

        Assert.True(budget.IsWanted);
        time.Advance(MemoryBudget.Demand);
        Assert.False(budget.IsWanted);
    }

    [Fact]
    public async Task Who_waits_in_vain_is_told_when_to_come_again_and_has_taken_nothing()
    {
        await TakeAsync(40 * MiB, MemoryUse.Write);
        Task waiting = TakeAsync(MiB, MemoryUse.Write).AsTask();

        time.Advance(MemoryBudget.Patience);

        MemoryShortException refusal = await Assert.ThrowsAsync<MemoryShortException>(() => waiting);
        Assert.Contains("memoryLimit", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(MemoryBudget.Patience, refusal.Wait);
        Assert.Equal(40 * MiB, budget.Used);
        Assert.Equal(1, budget.Shed(MemoryUse.Write));
    }

    [Fact]
    public async Task A_call_that_there_is_no_memory_for_ends_with_a_status_that_says_when_to_come_again()
    {
        await using GuardedServer server = await GuardedServer.StartAsync(new ConnectionLimits(), memory: 1 << 20, useOf: _ => MemoryUse.Write);
        server.Memory.Count(1 << 20);

        RpcStatus status = (await RawHttp.PostAsync(server.Url, Methods.Unary, RawHttp.Frame(new Grpc.Health.V1.HealthCheckRequest()))).Status;

        Assert.Equal(StatusCode.ResourceExhausted, status.Code);
        Any detail = Assert.Single(status.Details);
        Assert.Equal("type.googleapis.com/google.rpc.RetryInfo", detail.TypeUrl);
        Assert.Equal(Duration.FromTimeSpan(MemoryBudget.Patience), Duration.Parser.ParseFrom(detail.Value.Span[2..].ToArray()));
    }

    [Fact]
    public async Task What_never_fits_is_not_waited_for()
    {
        await Assert.ThrowsAsync<MemoryShortException>(() => TakeAsync(41 * MiB, MemoryUse.Read).AsTask());
        Assert.Equal(0, time.WaitingTimers);
    }

    [Fact]
    public async Task Who_gives_up_waiting_has_taken_nothing()
    {
        await TakeAsync(40 * MiB, MemoryUse.Write);
        using var impatience = new CancellationTokenSource();
        Task waiting = TakeAsync(MiB, MemoryUse.Write, cancellationToken: impatience.Token).AsTask();

        await impatience.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        budget.Give(40 * MiB, MemoryUse.Write);
        Assert.Equal(0, budget.Used);
    }

    [Fact]
    public async Task Look_ups_go_on_when_nothing_else_does()
    {
        budget.Count(90 * MiB);

        await TakeAsync(MiB, MemoryUse.LookUp);

        Assert.False(TakeAsync(1, MemoryUse.Write).IsCompleted);
        Assert.False(TakeAsync(1, MemoryUse.Read).IsCompleted);
    }

    [Fact]
    public async Task Some_look_ups_go_on_even_if_more_than_all_is_taken()
    {
        budget.Count(150 * MiB); // by the transport, which asks nobody

        for (int i = 0; i < 3; i++)
            await TakeAsync(MiB, MemoryUse.LookUp);

        Assert.False(TakeAsync(MiB, MemoryUse.LookUp).IsCompleted);
        budget.Give(3 * MiB, MemoryUse.LookUp);
    }
}
