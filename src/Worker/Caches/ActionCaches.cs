using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Worker.Caches;

/// <summary>The caches that one action uses; disposed when nothing of the action runs any more.</summary>
internal sealed class ActionCaches : IAsyncDisposable
{
    private readonly NamedCaches caches;
    private readonly List<CacheHold> holds = [];

    private ActionCaches(NamedCaches caches) => this.caches = caches;

    /// <summary>What the sandbox is to mount.</summary>
    public IReadOnlyList<CacheMount> Mounts => [.. holds.Select(hold => hold.Mount)];

    /// <summary>Begins to use what an action wants. Where the sandbox can keep nothing, the action has the empty directories in its input root.</summary>
    public static async Task<ActionCaches> BeginAsync(
        NamedCaches caches, ActionLease lease, ActionCommand command, ISandbox sandbox, ActionDirectory directory, CancellationToken cancellationToken)
    {
        var begun = new ActionCaches(caches);
        if (!sandbox.TakesCaches)
            return begun;
        try
        {
            foreach (CachePlace place in command.Caches)
            {
                string key = CacheKey.Of(lease.ActionDigest.Instance, lease.Action.Platform ?? command.Platform, place.Name);
                string changes = directory.ChangesOf(begun.holds.Count);
                begun.holds.Add(await caches.BeginAsync(key, place.Path, changes, directory.User?.Id, sandbox.TakesLayers, cancellationToken));
            }

            return begun;
        }
        catch
        {
            await begun.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends the use. On how the command ended depends whether the caches take what it wrote.</summary>
    public Task EndAsync(SandboxOutcome outcome)
    {
        bool hasEnded = outcome is { TimedOut: false, OutOfMemory: false, Signal: 0, Root: not null };
        return EndAsync(hasEnded, hasEnded && outcome.ExitCode == 0);
    }

    /// <summary>Ends the use if that is not done, as after a command that was stopped.</summary>
    public async ValueTask DisposeAsync() => await EndAsync(hasEnded: false, hasSucceeded: false);

    private async Task EndAsync(bool hasEnded, bool hasSucceeded)
    {
        while (holds.Count > 0)
        {
            CacheHold hold = holds[^1];
            holds.RemoveAt(holds.Count - 1);
            await caches.EndAsync(hold, hasEnded, hasSucceeded);
        }
    }
}
