using RemoteExec.Protocol;

namespace RemoteExec.Execution.Scheduling;

/// <summary>An action that was read, found good and not found in the cache: what the scheduler has to know of it.</summary>
/// <param name="Digest">Its digest.</param>
/// <param name="Action">The message.</param>
/// <param name="Platform">What it asks of its worker.</param>
/// <param name="Timeout">Its timeout, or the server's.</param>
internal sealed record PreparedAction(Digest Digest, Reapi.Action Action, PlatformKey Platform, TimeSpan Timeout);
