using RemoteExec.Worker.Machine;
using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Worker.Tests.Sandbox;

/// <summary>The directory tier with all actions running as the worker's user.</summary>
public sealed class SharedUserSandboxTests : SandboxContract
{
    private protected override Task<SandboxChoice> MakeSandboxAsync(ScratchDirectory scratch) =>
        Task.FromResult(ToChoice(new DirectorySandbox(TimeProvider.System, new MemoryKills("/"))));

    private protected override ActionUser? TakeUser() => null;

    private protected override void ReturnUser(ActionUser? user)
    {
    }
}
