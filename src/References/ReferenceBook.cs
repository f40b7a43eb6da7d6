using System.Runtime.CompilerServices;
using RemoteExec.Cas;
using RemoteExec.Protocol;

namespace RemoteExec.References;

/// <summary>The rules of references: heads move, tags do not, what expired is gone, and nothing is named that is not there in full. Thread-safe.</summary>
/// <param name="store">Where they are kept.</param>
/// <param name="cas">Where what they name is.</param>
/// <param name="time">The clock.</param>
public sealed class ReferenceBook(IReferenceStore store, IBlobStore cas, TimeProvider time)
{
    private static readonly TimeSpan lookAgain = TimeSpan.FromSeconds(1);
    private readonly TreePresence presence = new(cas);
    private readonly ReferenceSignal changed = new();

    /// <summary>A reference; null if there is none of that name.</summary>
    /// <exception cref="CasException">The medium fails.</exception>
    public async Task<Reference?> FindAsync(InstanceName instance, ReferenceName name, CancellationToken cancellationToken) =>
        (await store.FindAsync(instance, name, cancellationToken))?.At(time.GetUtcNow());

    /// <summary>References in the order of their names; and the name after which to go on, null at the end.</summary>
    /// <exception cref="CasException">The medium fails.</exception>
    public async Task<(IReadOnlyList<Reference> References, string? Next)> ListAsync(InstanceName instance, string prefix, string after, int count, CancellationToken cancellationToken)
    {
        IReadOnlyList<ReferenceRecord> records = await store.ListAsync(instance, prefix, after, count, cancellationToken);
        DateTimeOffset now = time.GetUtcNow();
        return ([.. records.Select(record => record.At(now)).OfType<Reference>()], records.Count == count ? records[^1].Name.Value : null);
    }

    /// <summary>What a name has stood for, the latest first; null if there is no reference of that name.</summary>
    /// <exception cref="CasException">The medium fails.</exception>
    public async Task<IReadOnlyList<Reference>?> HistoryAsync(InstanceName instance, ReferenceName name, CancellationToken cancellationToken) =>
        await store.FindAsync(instance, name, cancellationToken) is { } record && record.At(time.GetUtcNow()) is not null ? record.History : null;

    /// <summary>Makes a reference, or moves a head. A tag that names the same already is left as it is.</summary>
    /// <exception cref="ReferenceMovedException">It is at another version than was expected.</exception>
    /// <exception cref="TagTakenException">A tag names something else.</exception>
    /// <exception cref="TargetIncompleteException">The CAS lacks some of what it is to name.</exception>
    /// <exception cref="CasException">The medium, or the CAS, fails.</exception>
    public async Task<Reference> SetAsync(InstanceName instance, ReferenceChange change, CancellationToken cancellationToken)
    {
        await CheckAsync(change.Target, cancellationToken);
        while (true)
        {
            ReferenceRecord? record = await store.FindAsync(instance, change.Name, cancellationToken);
            DateTimeOffset now = time.GetUtcNow();
            Reference? current = record?.At(now);
            CheckVersion(change.Name, change.ExpectedVersion, current);
            if (change.Name.IsTag && current is not null)
                return current.Target == change.Target ? current : throw new TagTakenException(change.Name, current.Target);
            long version = record?.Version ?? 0;
            var next = new Reference(change.Name, change.Target, version + 1, now, now + change.TimeToLive, change.UpdatedBy, change.Note);
            ReferenceRecord with = (record ?? new ReferenceRecord(change.Name, 0, now, false, [])).With(next);
            if (!await store.ReplaceAsync(instance, with, version, cancellationToken))
                continue; // somebody was faster: whether this is still wanted depends on what he did
            changed.Raise();
            return next;
        }
    }

    /// <summary>Deletes a reference. What it named is not kept for it any more.</summary>
    /// <returns>False if there is none of that name.</returns>
    /// <exception cref="ReferenceMovedException">It is at another version than was expected.</exception>
    /// <exception cref="CasException">The medium fails.</exception>
    public async Task<bool> DeleteAsync(InstanceName instance, ReferenceName name, long? expectedVersion, CancellationToken cancellationToken)
    {
        while (true)
        {
            ReferenceRecord? record = await store.FindAsync(instance, name, cancellationToken);
            DateTimeOffset now = time.GetUtcNow();
            if (record?.At(now) is not { } current)
                return false;
            CheckVersion(name, expectedVersion, current);
            if (!await store.ReplaceAsync(instance, record.Deleted(now), record.Version, cancellationToken))
                continue;
            changed.Raise();
            return true;
        }
    }

    /// <summary>The reference as it is, null if there is none, and again each time that this has changed: at once if this server has changed it, within a second if another has.</summary>
    /// <exception cref="CasException">The medium fails.</exception>
    public async IAsyncEnumerable<Reference?> WatchAsync(InstanceName instance, ReferenceName name, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        long? told = null;
        while (true)
        {
            Task another = changed.Next;
            Reference? now = await FindAsync(instance, name, cancellationToken);
            if ((now?.Version ?? 0) != told)
            {
                told = now?.Version ?? 0;
                yield return now;
            }

            await Task.WhenAny(another, Task.Delay(lookAgain, time, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private async Task CheckAsync(ReferenceTarget target, CancellationToken cancellationToken)
    {
        IReadOnlyCollection<Digest>? missing = target.IsDirectory
            ? await presence.FindMissingAsync(target.Digest, enough: 1000, cancellationToken)
            : await cas.FindMissingAsync(new[] { target.Digest }, cancellationToken);
        if (missing is not { Count: 0 })
            throw new TargetIncompleteException(target, missing ?? []);
    }

    private static void CheckVersion(ReferenceName name, long? expected, Reference? current)
    {
        if (expected is { } version && version != (current?.Version ?? 0))
            throw new ReferenceMovedException(name, version, current?.Version ?? 0);
    }
}
