using RemoteExec.Execution.Operations;
using RemoteExec.Protocol;

namespace RemoteExec.Execution.Scheduling;

/// <summary>An action that was read, found good and not found in the cache: what the scheduler has to know of it.</summary>
/// <param name="Key">Its digest.</param>
/// <param name="Message">The Action message.</param>
/// <param name="DoNotCache">Whether its result must not be stored, nor its run be shared (EXE-10).</param>
/// <param name="Wish">What it asks of its worker, and of the scheduler.</param>
/// <param name="Timeout">Its timeout, or the server's.</param>
internal sealed record PreparedAction(SharedDigest Key, PackedAction Message, bool DoNotCache, PlatformWish Wish, TimeSpan Timeout)
{
    /// <summary>Its digest.</summary>
    public Digest Digest => Key.Value;

    /// <summary>Which parts of the input tree are worth having at hand: a few numbers made of the digests of its greatest directories, or none.</summary>
    public ulong[] Locality { get; init; } = [];

    /// <summary>An action as it was read.</summary>
    public static PreparedAction Of(Digest digest, Reapi.Action action, PlatformWish wish, TimeSpan timeout) =>
        new(new SharedDigest(digest), new PackedAction(action, wish.Message), action.DoNotCache, wish, timeout);

    /// <summary>The Action message, made anew each time: many more wait than run.</summary>
    public Reapi.Action ToProto() => Message.ToProto(Wish.Message);
}
