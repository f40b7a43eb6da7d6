using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Services;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Access;
using RemoteExec.Rpc;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Composition;

public sealed class GuardedStoreTests : ValueStoreContract
{
    private static readonly Caller all = new("all", "test", [new Grant(Right.ReadCas | Right.WriteCas, InstanceScope.All)]);
    private static readonly TestBlob blob = TestBlob.Random(1, 100);

    protected override ValueTask<IBlobStore> CreateStoreAsync() =>
        ValueTask.FromResult<IBlobStore>(new GuardedStore(new MemoryStore(128 * 1024 * 1024), new AccessGuard(() => all)));

    private static Digest In(string instance) => Digest.Create(InstanceName.Parse(instance), blob.Digest.Function, blob.Digest.HashSpan, blob.Digest.SizeBytes);

    private static GuardedStore StoreOf(Caller? caller) => new(new MemoryStore(1000), new AccessGuard(() => caller));

    [Theory]
    [InlineData(Right.ReadCas, "team", true, true, false)]
    [InlineData(Right.WriteCas, "team", true, false, true)]
    [InlineData(Right.ReadAc | Right.WriteAc | Right.Execute | Right.Operate, "team", false, false, false)]
    [InlineData(Right.Admin, "team", true, true, true)]
    [InlineData(Right.ReadCas | Right.WriteCas, "team/app", true, true, true)]
    [InlineData(Right.ReadCas | Right.WriteCas, "team2", false, false, false)]
    [InlineData(Right.ReadCas | Right.WriteCas, "", false, false, false)]
    public async Task A_caller_may_what_he_has_a_right_to_where_he_has_it(Right rights, string instance, bool mayAsk, bool mayRead, bool mayWrite)
    {
        InstanceScope scope = InstanceScope.Of(InstanceName.Parse("team"));
        GuardedStore store = StoreOf(new Caller("ann", "test", [new Grant(rights, scope)]));

        Assert.Equal(mayAsk, await MayAsync(async () => await store.FindMissingAsync([In(instance)], Token)));
        Assert.Equal(mayRead, await MayAsync(async () => await store.OpenReadAsync(In(instance), 0, Token)));
        Assert.Equal(mayWrite, await MayAsync(async () => await (await store.OpenWriteAsync(In(instance), 100, Token)).DisposeAsync()));
    }

    [Fact]
    public async Task One_digest_that_is_out_of_reach_spoils_the_question()
    {
        GuardedStore store = StoreOf(new Caller("ann", "test", [new Grant(Right.ReadCas, InstanceScope.Of(InstanceName.Parse("team")))]));

        await Assert.ThrowsAsync<AccessDeniedException>(async () => await store.FindMissingAsync([In("team"), In("team"), In("other"), In("team")], Token));

        Assert.Empty(await store.FindMissingAsync([], Token));
    }

    [Fact]
    public async Task The_denial_names_what_is_missing_and_nobody_may_nothing()
    {
        AccessDeniedException denial = await Assert.ThrowsAsync<AccessDeniedException>(async () => await StoreOf(new Caller("ann", "token", [])).OpenReadAsync(In("team"), 0, Token));
        AccessDeniedException stranger = await Assert.ThrowsAsync<AccessDeniedException>(async () => await StoreOf(null).OpenReadAsync(In(""), 0, Token));

        Assert.Equal("ann (token) lacks the right read-cas in instance 'team'", denial.Message);
        Assert.Equal(StatusCode.PermissionDenied, CasErrors.ToStatus(denial)?.Code);
        Assert.Equal("this takes the right read-cas in the nameless instance, and the call shows no credentials", stranger.Message);
        Assert.Equal(StatusCode.Unauthenticated, CasErrors.ToStatus(stranger)?.Code);
    }

    private static async Task<bool> MayAsync(Func<Task> use)
    {
        try
        {
            await use();
            return true;
        }
        catch (AccessDeniedException)
        {
            return false;
        }
    }
}
