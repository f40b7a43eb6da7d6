using RemoteExec.Cas.Instances;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Instances;

/// <summary>Stores for each instance keep the contract, and apart what is to be apart.</summary>
public sealed class InstanceStoreTests : ValueStoreContract
{
    private readonly MemoryStore team = new(1 << 26), nightly = new(1 << 26), others = new(1 << 28);

    protected override ValueTask<IBlobStore> CreateStoreAsync() => ValueTask.FromResult<IBlobStore>(Make(others));

    [Theory]
    [InlineData("team", "team")]
    [InlineData("team/ci", "team")]
    [InlineData("team/nightly", "nightly")]
    [InlineData("team/nightly/arm/64", "nightly")]
    [InlineData("teams", "others")]
    [InlineData("Team", "others")]
    [InlineData("other/team", "others")]
    [InlineData("", "others")]
    [Rule("GEN-03")]
    public async Task The_nearest_instance_above_decides(string instance, string expected)
    {
        TestBlob blob = TestBlob.Random(1, 100);
        Digest digest = In(instance, blob);

        await Store.WriteAllAsync(digest, blob.Content, Token);

        await AssertReadsAsync(digest, blob.Content);
        foreach ((string name, MemoryStore store) in new[] { ("team", team), ("nightly", nightly), ("others", others) })
            Assert.Equal(name == expected, await store.ContainsAsync(digest, Token));
    }

    [Fact]
    [Rule("GEN-05")]
    public async Task One_look_up_may_be_for_several_instances()
    {
        TestBlob blob = TestBlob.Random(1, 100);
        await Store.WriteAllAsync(In("team/a", blob), blob.Content, Token);
        await Store.WriteAllAsync(In("x", blob), blob.Content, Token);

        IReadOnlyCollection<Digest> missing = await Store.FindMissingAsync([In("y", blob), In("team/a", blob), In("team/b", blob), In("x", blob), In("y", blob)], Token);

        Assert.Equal([In("y", blob), In("team/b", blob)], missing);
    }

    [Fact]
    [Rule("GEN-03")]
    public async Task Without_a_store_for_others_there_are_no_others()
    {
        InstanceStore strict = Make(null);
        TestBlob blob = TestBlob.Random(1, 100);
        await strict.WriteAllAsync(In("team", blob), blob.Content, Token);

        foreach (string unknown in (string[])["", "teams"])
        {
            await Assert.ThrowsAsync<InstanceUnknownException>(async () => await strict.FindMissingAsync([In(unknown, blob)], Token));
            await Assert.ThrowsAsync<InstanceUnknownException>(async () => await strict.OpenReadAsync(In(unknown, blob), 0, Token));
            await Assert.ThrowsAsync<InstanceUnknownException>(async () => await strict.OpenWriteAsync(In(unknown, blob), 100, Token));
        }
    }

    private InstanceStore Make(IBlobStore? rest) => new(
        new InstanceMap<IBlobStore>(new Dictionary<InstanceName, IBlobStore> { [InstanceName.Parse("team")] = team, [InstanceName.Parse("team/nightly")] = nightly }), rest);

    private static Digest In(string instance, TestBlob blob) => Digest.Create(InstanceName.Parse(instance), blob.Digest.Function, blob.Digest.HashSpan, blob.Digest.SizeBytes);
}
