using RemoteExec.Protocol;

namespace RemoteExec.ActionCache;

/// <summary>A result that a client sent is not stored, for a reason that the client can mend.</summary>
public sealed class ActionResultRefusedException(Digest action, string reason) : Exception($"the result of action {action} is refused: {reason}")
{
    /// <summary>The action.</summary>
    public Digest Action { get; } = action;
}
