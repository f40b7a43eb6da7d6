using RemoteExec.Cas;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Runs.Inputs;

namespace RemoteExec.Runs.Tests.Inputs;

public sealed class ActionMakerTests
{
    private static readonly Digest root = TestBlob.Of([]).Digest;
    private readonly EmptyBlobStore cas = new(new MemoryStore(1 << 24));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_order_in_which_something_is_said_makes_no_other_action()
    {
        var one = new RunSpec
        {
            Arguments = ["cc", "-c"],
            Environment = new Dictionary<string, string> { ["B"] = "2", ["A"] = "1" },
            Outputs = ["out/b", "out/a", "out/a"],
            Platform = [new("os", "linux"), new("arch", "x")],
            WorkingDirectory = "src",
            IsCached = true,
        };
        RunSpec other = one with
        {
            Environment = new Dictionary<string, string> { ["A"] = "1", ["B"] = "2" },
            Outputs = ["out/a", "out/b"],
            Platform = [new("arch", "x"), new("os", "linux")],
        };

        StoredAction first = await ActionMaker.StoreAsync(one, root, cas, Token), second = await ActionMaker.StoreAsync(other, root, cas, Token);
        StoredAction read = await StoredAction.LoadAsync(cas, first.Digest, Token);

        Assert.Equal(first.Digest, second.Digest);
        Assert.Equal(["../out/a", "../out/b"], read.Command.OutputPaths);
        Assert.Equal(first.Action, read.Action);
        Assert.Equal(first.Command, read.Command);
        Assert.Equal("src", read.WorkingDirectory);
        Assert.False(read.Action.DoNotCache);
    }

    [Fact]
    public async Task A_copy_is_another_action_that_no_cache_keeps()
    {
        StoredAction original = await ActionMaker.StoreAsync(new RunSpec { Arguments = ["date"], IsCached = true }, root, cas, Token);

        StoredAction one = await ActionMaker.StoreCopyAsync(original, "1", cas, Token), two = await ActionMaker.StoreCopyAsync(original, "2", cas, Token);

        Assert.Equal(3, new[] { original.Digest, one.Digest, two.Digest }.Distinct().Count());
        Assert.True(one.Action.DoNotCache);
        Assert.Equal(original.Action.CommandDigest, one.Action.CommandDigest);
        Assert.False(original.Action.DoNotCache);
    }

    [Fact]
    public async Task What_is_no_action_is_told()
    {
        TestBlob text = TestBlob.Of("hello"u8.ToArray());
        await cas.WriteAllAsync(text.Digest, text.Content, Token);

        RunException none = await Assert.ThrowsAsync<RunException>(() => StoredAction.LoadAsync(cas, text.Digest, Token));
        RunException absent = await Assert.ThrowsAsync<RunException>(() => StoredAction.LoadAsync(cas, TestBlob.Random(1, 9).Digest, Token));

        Assert.Contains("is no action", none.Message, StringComparison.Ordinal);
        Assert.Contains("has no action", absent.Message, StringComparison.Ordinal);
    }
}
