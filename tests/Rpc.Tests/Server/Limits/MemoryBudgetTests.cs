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

    [Theory]
    [InlineData(MemoryUse.Write)]
    [InlineData(MemoryUse.Read)]
    public async Task Neither_who_writes_nor_who_reads_gets_more_than_two_fifths(MemoryUse use)
    {
        await budget.TakeAsync(40 * MiB, use, Methods.Token);

        ValueTask more = budget.TakeAsync(1, use, Methods.Token);

        Assert.False(more.IsCompleted);
        await budget.TakeAsync(30 * MiB, use == MemoryUse.Write ? MemoryUse.Read : MemoryUse.Write, Methods.Token);
        time.Advance(MemoryBudget.Patience);
        await Assert.ThrowsAsync<MemoryShortException>(more.AsTask);
    }

    [Fact]
    public async Task Who_waits_is_served_in_his_turn_as_soon_as_there_is_some()
    {
        await budget.TakeAsync(40 * MiB, MemoryUse.Write, Methods.Token);
        Task large = budget.TakeAsync(30 * MiB, MemoryUse.Write, Methods.Token).AsTask(), small = budget.TakeAsync(1, MemoryUse.Write, Methods.Token).AsTask();

        budget.Give(20 * MiB, MemoryUse.Write);
        Assert.False(large.IsCompleted || small.IsCompleted); // the small one does not overtake
        budget.Give(20 * MiB, MemoryUse.Write);

        await Task.WhenAll(large, small).WaitAsync(TimeSpan.FromMinutes(1), Methods.Token);
        Assert.Equal((30 * MiB) + 1, budget.Used);
    }

    [Fact]
    public async Task Who_waits_in_vain_is_told_when_to_come_again_and_has_taken_nothing()
    {
        await budget.TakeAsync(40 * MiB, MemoryUse.Write, Methods.Token);
        Task waiting = budget.TakeAsync(MiB, MemoryUse.Write, Methods.Token).AsTask();

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
        await Assert.ThrowsAsync<MemoryShortException>(() => budget.TakeAsync(41 * MiB, MemoryUse.Read, Methods.Token).AsTask());
        Assert.Equal(0, time.WaitingTimers);
    }

    [Fact]
    public async Task Who_gives_up_waiting_has_taken_nothing()
    {
        await budget.TakeAsync(40 * MiB, MemoryUse.Write, Methods.Token);
        using var impatience = new CancellationTokenSource();
        Task waiting = budget.TakeAsync(MiB, MemoryUse.Write, impatience.Token).AsTask();

        await impatience.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        budget.Give(40 * MiB, MemoryUse.Write);
        Assert.Equal(0, budget.Used);
    }

    [Fact]
    public async Task Look_ups_go_on_when_nothing_else_does()
    {
        budget.Count(90 * MiB);

        await budget.TakeAsync(MiB, MemoryUse.LookUp, Methods.Token);

        Assert.False(budget.TakeAsync(1, MemoryUse.Write, Methods.Token).IsCompleted);
        Assert.False(budget.TakeAsync(1, MemoryUse.Read, Methods.Token).IsCompleted);
    }
}
