using RemoteExec.Cas.Stores;
using RemoteExec.Protocol.Access;
using RemoteExec.TestKit;

namespace RemoteExec.ActionCache.Tests;

public sealed class GuardedActionCacheTests : ActionCacheContract
{
    private static readonly Caller all = new("all", "test", [new Grant(Right.ReadAc | Right.WriteAc, InstanceScope.All)]);

    protected override ValueTask<IActionCache> CreateCacheAsync() => ValueTask.FromResult<IActionCache>(Guard(all));

    private static GuardedActionCache Guard(Caller caller) => new(new ActionCacheStore(new MemoryStore(16 * 1024 * 1024)), new AccessGuard(() => caller));

    [Theory]
    [InlineData(Right.ReadAc, true, false)]
    [InlineData(Right.WriteAc, false, true)]
    [InlineData(Right.ReadCas | Right.WriteCas | Right.Execute | Right.Operate | Right.Work, false, false)]
    [InlineData(Right.Admin, true, true)]
    public async Task Reading_and_writing_take_a_right_each(Right rights, bool mayRead, bool mayWrite)
    {
        GuardedActionCache cache = Guard(new Caller("ann", "test", [new Grant(rights, InstanceScope.All)]));

        Assert.Equal(mayRead, await Record.ExceptionAsync(async () => await cache.FindAsync(Action(1), Token)) is not AccessDeniedException);
        Assert.Equal(mayWrite, await Record.ExceptionAsync(() => cache.PutAsync(Action(1), new Reapi.ActionResult(), Token)) is not AccessDeniedException);
    }
}
