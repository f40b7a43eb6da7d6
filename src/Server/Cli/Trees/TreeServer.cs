using RemoteExec.ActionCache.Stores;
using RemoteExec.Cas;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Rpc.Client;
using RemoteExec.Runs.Remote;
using RemoteExec.Trees;
using RemoteExec.Trees.Remote;
using RemoteExec.Trees.Stored;

namespace RemoteExec.Server.Cli.Trees;

/// <summary>A server that has directories, as a command uses it.</summary>
/// <param name="channel">The way to it.</param>
/// <param name="instance">The instance that is meant.</param>
internal sealed class TreeServer(RpcChannel channel, InstanceName instance)
{
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(5);

    /// <summary>Its blobs: many small ones are read and written by few calls.</summary>
    public IBlobStore Cas { get; } = new EmptyBlobStore(new RemoteStore(channel, patience, TimeProvider.System, gathers: true));

    /// <summary>What else its CAS does.</summary>
    public CasClient Client { get; } = new(channel, instance, patience, TimeProvider.System);

    /// <summary>What it fetches from elsewhere.</summary>
    public AssetClient Assets { get; } = new(channel, instance, patience, TimeProvider.System);

    /// <summary>Its named references.</summary>
    public ReferenceClient References { get; } = new(channel, instance, patience, TimeProvider.System);

    /// <summary>Runs actions there.</summary>
    public ExecutionClient Execution { get; } = new(channel, instance, TimeProvider.System);

    /// <summary>Copies what a command writes to streams.</summary>
    public LiveOutputs Copy(Stream stdout, Stream stderr) => new(channel, Cas, stdout, stderr, TimeProvider.System);

    /// <summary>Its results of actions.</summary>
    public IBlobStore Results { get; } = new RemoteResultStore(channel, patience, TimeProvider.System);

    /// <summary>The instance that is meant.</summary>
    public InstanceName Instance => instance;

    /// <summary>What an argument names: a directory, a file or a symlink.</summary>
    /// <exception cref="TreeException">There is no such thing.</exception>
    /// <exception cref="CasException">The server can't say.</exception>
    public async Task<StoredNode> FindAsync(TreeArgument argument, CancellationToken cancellationToken)
    {
        Digest? root = argument.Digest;
        if (argument.Name is { } name)
        {
            NamedTarget target = await FindTargetAsync(name, cancellationToken);
            if (!target.IsDirectory)
                return argument.Path.Length == 0 ? new StoredNode(name) { File = target.Digest } : throw new TreeException($"'{name}' is a blob and no directory: leave ':{argument.Path}' away");
            root = target.Digest;
        }

        return await StoredPath.FindAsync(Cas, root!.Value, argument.Path, cancellationToken);
    }

    /// <summary>The directory that an argument names.</summary>
    /// <exception cref="TreeException">There is no such directory.</exception>
    /// <exception cref="CasException">The server can't say.</exception>
    public async Task<Digest> FindDirectoryAsync(TreeArgument argument, CancellationToken cancellationToken) =>
        (await FindAsync(argument, cancellationToken)).Directory ?? throw new TreeException($"'{argument}' is no directory");

    /// <summary>What a reference names.</summary>
    /// <exception cref="TreeException">There is no such reference.</exception>
    /// <exception cref="CasException">The server can't say.</exception>
    public async Task<NamedTarget> FindTargetAsync(string name, CancellationToken cancellationToken) => await References.FindAsync(name, cancellationToken)
        ?? throw new TreeException($"there is no reference '{name}'{(instance.IsEmpty ? "" : $" in '{instance}'")}: give a name to what you push with push --ref");
}
