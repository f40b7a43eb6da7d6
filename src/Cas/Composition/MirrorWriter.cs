using System.Buffers;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Composition;

/// <summary>Writes a value to all members of a mirror at a time. A member that fails drops out; with the last one the write fails.</summary>
/// <param name="members">The members.</param>
/// <param name="onMissed">After the commit: told for each member that failed, with one that took the value.</param>
internal sealed class MirrorWriter(GatedStore[] members, Action<GatedStore, GatedStore> onMissed) : BlobWriter
{
    private readonly BlobWriter?[] writers = new BlobWriter?[members.Length];
    private readonly CasException?[] failures = new CasException?[members.Length];

    /// <summary>Opens the writers.</summary>
    public Task OpenAsync(Digest digest, long length, CancellationToken cancellationToken) =>
        AllAsync(async member => writers[member] = await members[member].OpenWriteAsync(digest, length, cancellationToken));

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlySequence<byte> data, CancellationToken cancellationToken) =>
        await AllAsync(async member => await writers[member]!.WriteAsync(data, cancellationToken));

    /// <inheritdoc/>
    public override async ValueTask CommitAsync(CancellationToken cancellationToken)
    {
        await AllAsync(async member => await writers[member]!.CommitAsync(cancellationToken));
        GatedStore taker = members[Array.FindIndex(failures, failure => failure is null)];
        for (int member = 0; member < members.Length; member++)
        {
            // One that was full will ask for it when it is looked up there.
            if (failures[member] is StoreUnavailableException)
                onMissed(taker, members[member]);
        }
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        foreach (BlobWriter? writer in writers)
        {
            if (writer is not null)
                await writer.DisposeAsync();
        }
    }

    /// <summary>Does something with each member that has not failed yet, at the same time.</summary>
    private async Task AllAsync(Func<int, Task> step)
    {
        await Task.WhenAll(Enumerable.Range(0, members.Length).Where(member => failures[member] is null).Select(async member =>
        {
            try
            {
                await step(member);
            }
            catch (CasException exception) when (exception is StoreUnavailableException or StoreFullException)
            {
                failures[member] = exception;
            }
        }));
        if (Array.TrueForAll(failures, failure => failure is not null))
            throw failures[0]!;
    }
}
