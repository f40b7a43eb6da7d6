using RemoteExec.ActionCache;
using RemoteExec.Cas.Stores;
using RemoteExec.Execution.Actions;
using RemoteExec.Execution.Journal;
using RemoteExec.Execution.Operations;
using RemoteExec.Execution.Provenance;
using RemoteExec.Execution.Scheduling;

namespace RemoteExec.Execution.Tests.Provenance;

/// <summary>What is signed, and a scheduler that goes on with what another has begun.</summary>
public sealed class RecordedResultTests : IDisposable
{
    private readonly SignedResult signed = new();
    private readonly ActionCacheStore cache = new(new MemoryStore(1 << 20));
    private readonly ResultRecorder recorder;

    public RecordedResultTests() => recorder = new ResultRecorder(new MemoryStore(1 << 20), cache, signer: null);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => signed.Dispose();

    [Fact]
    public async Task A_result_that_was_stored_already_is_not_written_again_because_it_was_signed_at_another_time()
    {
        Reapi.ActionResult first = signed.Sign();
        await recorder.StoreAsync(SignedResult.Action, first, isRepeated: false, Token);
        signed.Time.Advance(TimeSpan.FromMinutes(1));

        await recorder.StoreAsync(SignedResult.Action, signed.Sign(), isRepeated: true, Token);

        Reapi.ActionResult stored = (await cache.GetAsync(SignedResult.Action, Token))!;
        Assert.Equal(first, stored);
        Assert.IsType<ProvenanceVerdict.Good>(signed.Verifier.Verify(stored, SignedResult.Action));
    }

    [Fact]
    public async Task Another_result_is_written()
    {
        await recorder.StoreAsync(SignedResult.Action, signed.Sign(), isRepeated: false, Token);
        Reapi.ActionResult other = SignedResult.Make();
        other.ExitCode = 0;

        await recorder.StoreAsync(SignedResult.Action, signed.Sign(other), isRepeated: true, Token);

        Assert.Equal(0, (await cache.GetAsync(SignedResult.Action, Token))!.ExitCode);
    }

    [Fact]
    public void Without_a_key_a_response_stays_as_it_is()
    {
        var response = new Reapi.ExecuteResponse { Result = SignedResult.Make() };

        Assert.Same(response, recorder.Sign(SignedResult.Action, response, SignedResult.Submission));
    }

    [Theory]
    [InlineData("ann", "token")]
    [InlineData(null, null)]
    public void Who_called_is_in_the_journal(string? caller, string? method)
    {
        var operation = new Operation(new OperationName(SignedResult.Action.Instance, Guid.NewGuid()), SignedResult.Action, new Submission { Caller = caller, CallerMethod = method });

        Submission restored = JournalMessages.ToOperation(JournalMessages.ToAccepted(operation)).Submission;

        Assert.Equal((caller, method), (restored.Caller, restored.CallerMethod));
    }
}
