using RemoteExec.Protocol;
using RemoteExec.Protocol.References;
using RemoteExec.Python;
using RemoteExec.Python.Index;
using RemoteExec.Trees.Remote;

namespace RemoteExec.Server.Cli.Python;

/// <summary>The reference of a Python index, among those of the server that a command calls.</summary>
/// <param name="references">The server's references.</param>
/// <param name="name">The name of the reference.</param>
internal sealed class ClientReference(ReferenceClient references, string name) : IIndexReference
{
    /// <inheritdoc/>
    /// <exception cref="PythonIndexException">It names a blob.</exception>
    public async Task<(Digest? Root, long Version)> FindAsync(CancellationToken cancellationToken)
    {
        NamedTarget? target = await references.FindAsync(name, cancellationToken);
        if (target is { IsDirectory: false })
            throw new PythonIndexException($"reference '{name}' is a blob and no Python index: 'remoteexec refs delete {name}' makes room for one");
        return (target?.Digest, target?.Version ?? 0);
    }

    /// <inheritdoc/>
    public async Task<bool> TrySetAsync(Digest root, long expectedVersion, string note, CancellationToken cancellationToken)
    {
        try
        {
            var request = new SetReferenceRequest
            {
                Name = name,
                Target = new Target { Directory = root.ToProto(), DigestFunction = (Build.Bazel.Remote.Execution.V2.DigestFunction.Types.Value)root.Function },
                ExpectedVersion = expectedVersion,
                Note = note,
            };
            await references.SetAsync(request, cancellationToken);
            return true;
        }
        catch (ReferenceMovedException)
        {
            return false;
        }
    }
}
