using RemoteExec.Protocol;
using RemoteExec.Protocol.Access;
using RemoteExec.Python;
using RemoteExec.Python.Index;
using RemoteExec.References;

namespace RemoteExec.Server.Hosting;

/// <summary>The reference of a Python index, among those of this server.</summary>
/// <param name="book">The references.</param>
/// <param name="instance">The instance.</param>
/// <param name="name">The name of the reference.</param>
internal sealed class BookReference(ReferenceBook book, InstanceName instance, string name) : IIndexReference
{
    private readonly ReferenceName name = ReferenceName.TryParse(name, out ReferenceName parsed, out string? error) ? parsed : throw new ArgumentException(error, nameof(name));

    /// <inheritdoc/>
    public async Task<(Digest? Root, long Version)> FindAsync(CancellationToken cancellationToken) =>
        await book.FindAsync(instance, name, cancellationToken) is { } reference ? (reference.Target.Digest, reference.Version) : (null, 0);

    /// <inheritdoc/>
    /// <exception cref="PythonIndexException">The CAS lacks some of it.</exception>
    public async Task<bool> TrySetAsync(Digest root, long expectedVersion, string note, CancellationToken cancellationToken)
    {
        try
        {
            await book.SetAsync(instance, new ReferenceChange(name, new ReferenceTarget(root, IsDirectory: true), expectedVersion, null, Caller.Current?.ToString() ?? "", note), cancellationToken);
            return true;
        }
        catch (ReferenceMovedException)
        {
            return false;
        }
        catch (TargetIncompleteException exception)
        {
            throw new PythonIndexException(exception.Message, exception);
        }
    }
}
