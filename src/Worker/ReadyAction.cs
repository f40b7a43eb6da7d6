using RemoteExec.Worker.Inputs;
using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Worker;

/// <summary>An action that is ready to run: its inputs are in place, in a directory of its own or in layers above cached trees. To be disposed when nothing of it runs and all is collected.</summary>
internal sealed class ReadyAction : IAsyncDisposable
{
    private readonly ISandbox sandbox;
    private readonly InputLayer? layer;

    private ReadyAction(ISandbox sandbox, ActionDirectory directory, InputLayer? layer, ActionCommand command)
    {
        this.sandbox = sandbox;
        this.layer = layer;
        Directory = directory;
        Command = command;
    }

    /// <summary>Where it runs.</summary>
    public ActionDirectory Directory { get; }

    /// <summary>Its command.</summary>
    public ActionCommand Command { get; }

    /// <summary>Where it sees its input root.</summary>
    public string SeenRoot => sandbox.RootOf(Directory);

    /// <summary>Puts the inputs of an action in place, the way its sandbox takes them.</summary>
    /// <exception cref="Cas.BlobsMissingException">The CAS lacks blobs; all of them are listed (EXE-05).</exception>
    /// <exception cref="InvalidActionException">The action breaks a rule.</exception>
    public static async Task<ReadyAction> MakeAsync(
        ActionLease lease, ActionUser? user, ISandbox sandbox, InputRoot inputs, ScratchDirectory scratch, CancellationToken cancellationToken)
    {
        ActionDirectory directory = scratch.MakeActionDirectory(user);
        try
        {
            InputLayer? layer = sandbox.TakesLayers
                ? await inputs.LayerAsync(lease, directory.Root, directory.Upper, sandbox.RootOf(directory), user?.Id, cancellationToken)
                : null;
            ActionCommand command = layer?.Command ?? await inputs.MaterialiseAsync(lease, directory, cancellationToken);
            return new ReadyAction(sandbox, directory, layer, command);
        }
        catch
        {
            await directory.DisposeAsync();
            throw;
        }
    }

    /// <summary>What the sandbox is to run, without caches, limits and what the platform asks for.</summary>
    /// <param name="timeout">How long it may run.</param>
    public SandboxCommand ToSandbox(TimeSpan timeout)
    {
        // The one thing an action gets that its command does not name (CMD-02): a place for temporary files that goes away with it.
        var environment = new Dictionary<string, string>(Command.Environment, StringComparer.Ordinal);
        environment.TryAdd("TMPDIR", sandbox.TemporaryOf(Directory));
        return new SandboxCommand
        {
            Arguments = Command.Arguments,
            Environment = environment,
            Directory = Directory,
            WorkingDirectory = Command.WorkingDirectory,
            Lower = layer?.Lower,
            Binds = layer?.Binds ?? [],
            Timeout = timeout,
        };
    }

    /// <summary>Lets the caches drop what it used, and discards its directory.</summary>
    public async ValueTask DisposeAsync()
    {
        if (layer is not null)
            await layer.DisposeAsync();
        await Directory.DisposeAsync();
    }
}
