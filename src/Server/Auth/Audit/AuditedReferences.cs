using RemoteExec.Protocol;
using RemoteExec.References;

namespace RemoteExec.Server.Auth.Audit;

/// <summary>Writes down who sets and deletes references.</summary>
/// <param name="inner">The references.</param>
/// <param name="audit">Where it is written down.</param>
internal sealed class AuditedReferences(IReferenceStore inner, AuditLog audit) : IReferenceStore
{
    /// <inheritdoc/>
    public Task<ReferenceRecord?> FindAsync(InstanceName instance, ReferenceName name, CancellationToken cancellationToken) => inner.FindAsync(instance, name, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<ReferenceRecord>> ListAsync(InstanceName instance, string prefix, string after, int count, CancellationToken cancellationToken) =>
        inner.ListAsync(instance, prefix, after, count, cancellationToken);

    /// <inheritdoc/>
    public async Task<bool> ReplaceAsync(InstanceName instance, ReferenceRecord record, long expectedVersion, CancellationToken cancellationToken)
    {
        bool isDone = await inner.ReplaceAsync(instance, record, expectedVersion, cancellationToken);
        if (isDone)
            audit.Done(record.IsDeleted ? "reference.delete" : "reference.set", instance, record.IsDeleted ? record.Name.Value : $"{record.Name} {record.History[0].Target.Digest.ToArgument()}");
        return isDone;
    }

    /// <inheritdoc/>
    public Task<bool> RemoveAsync(InstanceName instance, ReferenceName name, long expectedVersion, CancellationToken cancellationToken) => inner.RemoveAsync(instance, name, expectedVersion, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<InstanceName>> InstancesAsync(CancellationToken cancellationToken) => inner.InstancesAsync(cancellationToken);
}
