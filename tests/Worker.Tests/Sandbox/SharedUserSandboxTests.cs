using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Worker.Tests.Sandbox;

/// <summary>The directory tier with all actions running as the worker's user.</summary>
public sealed class SharedUserSandboxTests : SandboxContract
{
    protected override ISandbox Sandbox { get; } = new DirectorySandbox(0, TimeProvider.System);

    protected override ActionUser? TakeUser() => null;

    protected override void ReturnUser(ActionUser? user)
    {
    }
}
