using RemoteExec.Protocol;
using RemoteExec.Runs;
using RemoteExec.Runs.Inputs;
using RemoteExec.Server.Cli.Trees;
using RemoteExec.Trees;
using RemoteExec.Trees.Push;
using RemoteExec.Trees.Stored;

namespace RemoteExec.Server.Cli.Runs;

/// <summary>Makes the root of an action's inputs out of what is on this machine and in the CAS; only what the server lacks is sent.</summary>
/// <param name="server">The server.</param>
/// <param name="options">How directories are pushed.</param>
/// <param name="terminal">Shows how far it is.</param>
internal sealed class InputPush(TreeServer server, TreePushOptions options, Terminal terminal)
{
    /// <summary>The bytes that were sent for files and directories.</summary>
    public long SentBytes { get; private set; }

    /// <summary>Makes it.</summary>
    /// <param name="inputs">What is in it.</param>
    /// <param name="workingDirectory">A directory that is in it in any case.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="RunException">Inputs do not fit together.</exception>
    /// <exception cref="TreeException">An input is not there, or can't be in a tree.</exception>
    public async Task<Digest> RunAsync(IReadOnlyList<InputArgument> inputs, string workingDirectory, CancellationToken cancellationToken)
    {
        DigestFunction wanted = options.Function;
        foreach (InputArgument input in inputs.Where(input => !input.IsLocal))
        {
            if (wanted == DigestFunction.Unknown && TreeArgument.Parse(options.Instance, input.What).Digest is { } digest)
                wanted = digest.Function; // all digests of an action have one
        }

        DigestFunction function = (await server.Client.FindFeaturesAsync(cancellationToken)).Choose(wanted);
        var tree = new InputTree(server.Cas, options.Instance, function);
        foreach (InputArgument input in inputs)
        {
            (StoredNode node, string destination) = input.IsLocal ? await PushAsync(input, function, cancellationToken) : await FindAsync(input, cancellationToken);
            if ((node.Directory ?? node.File) is { } found && found.Function != function)
                throw new RunException($"'{input.What}' has a digest of {found.Function.Name()}, and others of {function.Name()}: write --digest-function {found.Function.Name()}");
            await tree.AddAsync(node, destination, cancellationToken);
        }

        await tree.AddDirectoryAsync(workingDirectory, cancellationToken);
        return await tree.StoreAsync(cancellationToken);
    }

    private async Task<(StoredNode Node, string Destination)> PushAsync(InputArgument input, DigestFunction function, CancellationToken cancellationToken)
    {
        if (Directory.Exists(input.What))
        {
            PushedTree pushed = await PushCommand.RunAsync(input.What, server, options with { Function = function }, terminal, cancellationToken);
            SentBytes += pushed.SentBytes;
            return (new StoredNode("") { Directory = pushed.Root }, input.LocalDestination);
        }

        if (!File.Exists(input.What))
            throw new TreeException($"there is no file or directory '{input.What}'");
        (StoredNode node, long sent) = await FilePush.RunAsync(input.What, server.Cas, options.Instance, function, TimeProvider.System, cancellationToken);
        SentBytes += sent;
        return input.LocalDestination.Length > 0 ? (node, input.LocalDestination) : throw new RunException($"'{input.What}' is a file, and can't be the root of the inputs: write {input.What}=NAME");
    }

    private async Task<(StoredNode Node, string Destination)> FindAsync(InputArgument input, CancellationToken cancellationToken)
    {
        TreeArgument argument = TreeArgument.Parse(options.Instance, input.What);
        try
        {
            StoredNode node = await server.FindAsync(argument, cancellationToken);
            string itself = node.Directory is not null ? "" : node.Path[(node.Path.LastIndexOf('/') + 1)..];
            return (node, input.Destination ?? itself);
        }
        catch (TreeException exception) when (argument.Name is not null)
        {
            throw new RunException($"there is no file or directory '{input.What}' on this machine, and not on the server either: {exception.Message}", exception);
        }
    }
}
