using Google.Protobuf.WellKnownTypes;
using RemoteExec.Execution.Journal;
using RemoteExec.Protocol.Journals;

namespace RemoteExec.Execution.Tests.Journal;

/// <summary>What a journal comes to.</summary>
public sealed class JournalStateTests
{
    private readonly JournalState state = new();

    public JournalStateTests()
    {
        Apply(new JournalEntry { Accepted = new Accepted { Operation = "operations/1" } });
        Apply(new JournalEntry { Launched = new Launched { Execution = 1, Operation = "operations/1" } });
        Apply(new JournalEntry { Leased = new Leased { Execution = 1, Lease = "a", Worker = "w", Attempts = 1 } });
    }

    [Fact]
    public void A_lease_that_was_given_is_awaited()
    {
        Assert.Equal("a", Assert.Single(Assert.Single(state.Executions).Leases).Lease);
    }

    [Fact]
    public void After_a_result_that_was_no_good_nobody_is_awaited_and_its_worker_is_avoided()
    {
        var response = new Reapi.ExecuteResponse { Result = new Reapi.ActionResult { ExecutionMetadata = new Reapi.ExecutedActionMetadata { Worker = "w" } } };
        Apply(new JournalEntry { Reported = new Reported { Execution = 1, Response = response, Store = true } });
        bool wasReported = Assert.Single(state.Executions).Reported is not null;

        Apply(new JournalEntry { Unleased = new Unleased { Execution = 1, Attempts = 1 } });

        ExecutionRecord execution = Assert.Single(state.Executions);
        Assert.True(wasReported);
        Assert.Null(execution.Reported);
        Assert.Empty(execution.Leases);
        Assert.Equal(["a"], execution.PastLeases);
        Assert.Equal(["w"], execution.FailedOn);
    }

    [Fact]
    public void An_execution_that_nobody_waits_for_any_more_is_forgotten()
    {
        Apply(new JournalEntry { Ended = new Ended { Operation = "operations/1", Failure = new Failure { Kind = "Cancelled" } } });

        Assert.Empty(state.Executions);
        Assert.NotNull(Assert.Single(state.Operations).Ended);
    }

    private void Apply(JournalEntry entry)
    {
        entry.At = Timestamp.FromDateTimeOffset(DateTimeOffset.UnixEpoch);
        state.Apply(entry);
    }
}
