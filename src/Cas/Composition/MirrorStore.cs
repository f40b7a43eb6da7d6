using Microsoft.Extensions.Logging;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Composition;

/// <summary>
/// Makes one store out of equals, each of which keeps everything: what one of them has is there. Look-ups and reads are answered by the first that is within reach, and what it misses by the others;
/// what one lacked is copied to it in the background. A write goes to all at a time and succeeds if one took it; the others get it once they are back.
/// </summary>
/// <remarks>
/// A read that breaks off goes on with another member. With no member within reach every call is a <see cref="StoreUnavailableException"/>. A member that missed a write may answer with the value from
/// before until it has got the new one, which matters only under digests that are not those of their values. What members are to get is forgotten when the process ends; the next look-up that
/// misses it asks for it again.
/// </remarks>
public sealed class MirrorStore : IBlobStore, IAsyncDisposable
{
    private readonly string name;
    private readonly GatedStore[] members;
    private readonly Replicator replicator;

    /// <summary>Makes the store; disposing it ends its background work, and leaves the members open.</summary>
    /// <param name="name">The name in errors and in the log.</param>
    /// <param name="members">The members, the preferred first, by names for the log.</param>
    /// <param name="timeout">How long a member may take for a look-up, for opening, and for each piece.</param>
    /// <param name="logger">Told when members go and come.</param>
    /// <param name="time">The clock.</param>
    public MirrorStore(string name, IReadOnlyList<(string Name, IBlobStore Store)> members, TimeSpan timeout, ILogger logger, TimeProvider time)
    {
        this.name = name;
        replicator = new Replicator(new ReplicatorOptions { Name = name }, logger, time);
        this.members = [.. members.Select(member => new GatedStore(member.Store, new NodeGate($"{name}.{member.Name}", timeout, logger, time, replicator.TryAgain)))];
    }

    /// <summary>Whether the members are within reach, in their order.</summary>
    public IReadOnlyList<NodeStatus> Members => [.. members.Select(member => member.Gate.Status)];

    /// <summary>How many values members have yet to be given.</summary>
    public int PendingCopies => replicator.Pending;

    /// <summary>What copies between members.</summary>
    internal Replicator Replicator => replicator;

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken)
    {
        IReadOnlyCollection<Digest>? missing = null;
        List<GatedStore> without = [];
        StoreUnavailableException? failure = null;
        foreach (GatedStore member in members)
        {
            if (member.Gate.IsClosed)
                continue;
            IReadOnlyCollection<Digest> answer;
            try
            {
                answer = await member.FindMissingAsync(missing ?? digests, cancellationToken);
            }
            catch (StoreUnavailableException exception)
            {
                failure = exception;
                continue;
            }

            if (missing is not null && answer.Count < missing.Count)
                Repair(missing, [.. answer], member, without);
            without.Add(member);
            missing = answer;
            if (missing.Count == 0)
                break;
        }

        return missing ?? throw Unavailable(failure);
    }

    /// <inheritdoc/>
    public async ValueTask<BlobReader?> OpenReadAsync(Digest digest, long offset, CancellationToken cancellationToken) =>
        await OpenAnyAsync(digest, offset, cancellationToken) is { } reader ? new ResumingReader(digest, reader, offset, (position, token) => ReopenAsync(digest, position, token)) : null;

    /// <inheritdoc/>
    public async ValueTask<BlobWriter> OpenWriteAsync(Digest digest, long length, CancellationToken cancellationToken)
    {
        var writer = new MirrorWriter(members, (taker, missed) => replicator.Enqueue(digest, taker, missed, overwrites: true));
        try
        {
            await writer.OpenAsync(digest, length, cancellationToken);
            return writer;
        }
        catch
        {
            await writer.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends what is copied in the background.</summary>
    public ValueTask DisposeAsync() => replicator.DisposeAsync();

    private async ValueTask<BlobReader?> OpenAnyAsync(Digest digest, long offset, CancellationToken cancellationToken)
    {
        List<GatedStore> without = [];
        Exception? failure = null;
        foreach (GatedStore member in members)
        {
            if (member.Gate.IsClosed)
                continue;
            try
            {
                if (await member.OpenReadAsync(digest, offset, cancellationToken) is not { } reader)
                {
                    without.Add(member);
                    continue;
                }

                foreach (GatedStore other in without)
                    replicator.Enqueue(digest, member, other);
                return reader;
            }
            catch (Exception exception) when (exception is StoreUnavailableException or BlobCorruptException)
            {
                failure = exception;
            }
        }

        return without.Count > 0 ? null : throw failure as BlobCorruptException ?? (Exception)Unavailable(failure);
    }

    /// <summary>Opens a value for a read that broke off, whose member is down by now.</summary>
    private async ValueTask<BlobReader?> ReopenAsync(Digest digest, long offset, CancellationToken cancellationToken)
    {
        try
        {
            return await OpenAnyAsync(digest, offset, cancellationToken);
        }
        catch (Exception exception) when (exception is CasException or ArgumentOutOfRangeException)
        {
            return null; // the reader tells of the failure that it met first
        }
    }

    private void Repair(IReadOnlyCollection<Digest> asked, HashSet<Digest> missing, GatedStore member, List<GatedStore> without)
    {
        foreach (Digest digest in asked.Where(digest => !missing.Contains(digest)))
        {
            foreach (GatedStore other in without)
                replicator.Enqueue(digest, member, other);
        }
    }

    private StoreUnavailableException Unavailable(Exception? failure) => new(name, failure ?? new IOException("none of its members is within reach"));
}
