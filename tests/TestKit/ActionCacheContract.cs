using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using RemoteExec.ActionCache;
using RemoteExec.Protocol;

namespace RemoteExec.TestKit;

/// <summary>What every <see cref="IActionCache"/> promises, for results that refer to nothing.</summary>
public abstract class ActionCacheContract : IAsyncLifetime
{
    /// <summary>The cache under test: new and empty.</summary>
    protected IActionCache Cache { get; private set; } = null!;

    /// <summary>The token of the test that runs.</summary>
    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Makes the cache under test.</summary>
    protected abstract ValueTask<IActionCache> CreateCacheAsync();

    /// <inheritdoc/>
    public async ValueTask InitializeAsync() => Cache = await CreateCacheAsync();

    /// <inheritdoc/>
    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    [Fact]
    [Rule("AC-01")]
    public async Task What_was_never_put_is_null() => Assert.Null(await Cache.GetAsync(Action(1), Token));

    [Fact]
    [Rule("OUT-12")]
    [Rule("Q-43")]
    public async Task A_result_comes_back_as_it_was_put()
    {
        var result = new Reapi.ActionResult
        {
            ExitCode = 3,
            StdoutRaw = ByteString.CopyFromUtf8("out"),
            OutputSymlinks = { new Reapi.OutputSymlink { Path = "l", Target = "t" } },
            ExecutionMetadata = new Reapi.ExecutedActionMetadata
            {
                Worker = "w",
                QueuedTimestamp = new Timestamp { Seconds = 1, Nanos = 2 },
                AuxiliaryMetadata = { new Any { TypeUrl = "type.example.com/unknown.to.Us", Value = ByteString.CopyFrom(0xff, 0, 1) } },
            },
        };
        result.MergeFrom(new byte[] { 0x98, 0x3f, 0x2a }); // field 1011, of a version to come

        await Cache.PutAsync(Action(1), result, Token);
        Reapi.ActionResult? found = await Cache.GetAsync(Action(1), Token);

        Assert.Equal(result, found);
        Assert.Equal(result.ToByteArray(), found?.ToByteArray());
    }

    [Fact]
    [Rule("AC-11")]
    [Rule("EXE-09")]
    public async Task The_last_result_wins()
    {
        await Cache.PutAsync(Action(1), Result("first, and longer than the second"), Token);

        await Cache.PutAsync(Action(1), Result("second"), Token);

        Assert.Equal(Result("second"), await Cache.GetAsync(Action(1), Token));
    }

    [Fact]
    public async Task A_result_that_was_discarded_is_gone_and_may_come_again()
    {
        await Cache.PutAsync(Action(1), Result("one"), Token);
        await Cache.PutAsync(Action(2), Result("two"), Token);

        await Cache.DiscardAsync(Action(1), Cached(Action(1), Result("one")), Token);
        await Cache.DiscardAsync(Action(3), Cached(Action(3), Result("three")), Token);

        Assert.Null(await Cache.GetAsync(Action(1), Token));
        Assert.Equal(Result("two"), await Cache.GetAsync(Action(2), Token));
        await Cache.PutAsync(Action(1), Result("one"), Token);
        Assert.Equal(Result("one"), await Cache.GetAsync(Action(1), Token));
    }

    [Fact]
    [Rule("AC-11")]
    public async Task To_discard_a_result_that_was_replaced_does_nothing()
    {
        await Cache.PutAsync(Action(1), Result("old"), Token);
        await Cache.PutAsync(Action(1), Result("new"), Token);

        await Cache.DiscardAsync(Action(1), Cached(Action(1), Result("old")), Token);

        Assert.Equal(Result("new"), await Cache.GetAsync(Action(1), Token));
    }

    [Fact]
    [Rule("AC-10")]
    [Rule("GEN-05")]
    [Rule("DIG-15")]
    public async Task Instances_functions_hashes_and_sizes_tell_results_apart()
    {
        Digest action = Action(1);
        await Cache.PutAsync(action, Result("r"), Token);
        Digest[] others =
        [
            Action(2),
            Action(1, "other"),
            Digest.Create(default, DigestFunction.Sha256Tree, action.HashSpan, action.SizeBytes),
            Digest.Create(default, DigestFunction.Sha256, action.HashSpan, action.SizeBytes + 1),
        ];

        foreach (Digest other in others)
            Assert.Null(await Cache.GetAsync(other, Token));
    }

    [Fact]
    public async Task A_result_put_without_a_size_is_found_with_any_and_the_other_way_round()
    {
        await Cache.PutAsync(Action(1).WithoutSize(), Result("one"), Token);
        await Cache.PutAsync(Action(2), Result("two"), Token);

        Assert.Equal(Result("one"), await Cache.GetAsync(Action(1), Token));
        Assert.Equal(Result("two"), await Cache.GetAsync(Action(2).WithoutSize(), Token));
    }

    [Fact]
    public async Task The_message_belongs_to_who_put_it_and_to_who_got_it()
    {
        Reapi.ActionResult put = Result("r");
        await Cache.PutAsync(Action(1), put, Token);
        put.ExitCode = 1;

        Reapi.ActionResult? got = await Cache.GetAsync(Action(1), Token);
        Assert.Equal(Result("r"), got);
        got!.ExitCode = 2;

        Assert.Equal(Result("r"), await Cache.GetAsync(Action(1), Token));
    }

    [Fact]
    public async Task Many_results_are_put_and_got_at_a_time() =>
        await Parallel.ForEachAsync(Enumerable.Range(0, 100), Token, async (i, token) =>
        {
            await Cache.PutAsync(Action(i), Result($"{i}"), token);
            Assert.Equal(Result($"{i}"), await Cache.GetAsync(Action(i), token));
        });

    /// <summary>The digest of some action.</summary>
    protected static Digest Action(int seed, string instance = "") => TestBlob.Random(seed, 142, instance).Digest;

    /// <summary>A result that refers to nothing.</summary>
    protected static Reapi.ActionResult Result(string worker) => new() { ExecutionMetadata = new Reapi.ExecutedActionMetadata { Worker = worker } };

    private static CachedResult Cached(Digest action, Reapi.ActionResult result) => CachedResult.TryRead(result.ToByteArray(), action)!;
}
