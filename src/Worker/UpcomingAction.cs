using RemoteExec.Protocol;
using RemoteExec.Protocol.Workers;

namespace RemoteExec.Worker;

/// <summary>An action that the worker may be given soon.</summary>
/// <param name="Action">The action's digest.</param>
/// <param name="Command">That of its command.</param>
/// <param name="InputRoot">That of the root of its inputs.</param>
internal sealed record UpcomingAction(Digest Action, Digest Command, Digest InputRoot)
{
    /// <summary>What is shown where its inputs are read; null if the worker's own credentials are.</summary>
    public LeaseCredential? Credential { get; init; }

    /// <summary>Reads what the scheduler told; what makes no sense is left out, as it is told again when it is to be run.</summary>
    public static IReadOnlyList<UpcomingAction> Parse(IEnumerable<SynchronizeResponse.Types.Upcoming> told) => [.. told.Select(Parse).OfType<UpcomingAction>()];

    private static UpcomingAction? Parse(SynchronizeResponse.Types.Upcoming told) =>
        InstanceName.TryParse(told.InstanceName, out InstanceName instance, out _)
        && Digest.TryParse(instance, (DigestFunction)told.DigestFunction, told.ActionDigest, out Digest action, out _)
        && action.TryParseSibling(told.CommandDigest, out Digest command, out _)
        && action.TryParseSibling(told.InputRootDigest, out Digest root, out _)
            ? new UpcomingAction(action, command, root) { Credential = LeaseCredential.Of(told.LeaseToken) }
            : null;
}
