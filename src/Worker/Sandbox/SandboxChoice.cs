using RemoteExec.Worker.Sandbox.Groups;

namespace RemoteExec.Worker.Sandbox;

/// <summary>The sandbox that a worker uses.</summary>
/// <param name="Sandbox">What runs commands.</param>
/// <param name="Users">Who actions run as; null for the worker's own user.</param>
/// <param name="Report">How it was chosen.</param>
internal sealed record SandboxChoice(ISandbox Sandbox, ActionUsers? Users, SandboxReport Report) : IAsyncDisposable
{
    /// <summary>The control groups of the sandbox; null if it has none.</summary>
    public ControlGroups? Groups { get; init; }

    /// <summary>Ends what the sandbox keeps, and gives up the users.</summary>
    public async ValueTask DisposeAsync()
    {
        await Sandbox.DisposeAsync();
        Users?.Dispose();
        if (Groups is not null)
            await Groups.DisposeAsync();
    }
}
