namespace RemoteExec.Worker.Inputs;

/// <summary>
/// What an action's input root is made of, for a sandbox that mounts. What it names is there, and does not change, until it is disposed, which is to be done
/// after the mounts are gone; from then on the caches may drop it.
/// </summary>
/// <param name="hold">The cached trees in it.</param>
internal sealed class InputLayer(TreeHold hold) : IAsyncDisposable
{
    /// <summary>The action's command; its working directory is resolved and exists in the root.</summary>
    public required ActionCommand Command { get; init; }

    /// <summary>
    /// The absolute path of a directory to be used as the lower layer of an overlay, and never to be written to: files in it are shared with other
    /// actions. Its directories belong to the action's user.
    /// </summary>
    public required string Lower { get; init; }

    /// <summary>What is to be mounted read-only, over the overlay.</summary>
    public required IReadOnlyList<InputBind> Binds { get; init; }

    /// <summary>Lets the caches drop what it named.</summary>
    public ValueTask DisposeAsync()
    {
        hold.Dispose();
        return ValueTask.CompletedTask;
    }
}
