namespace RemoteExec.Protocol.Access;

/// <summary>Rights in some instances.</summary>
/// <param name="Rights">The rights.</param>
/// <param name="Scope">Where they hold.</param>
public sealed record Grant(Right Rights, InstanceScope Scope)
{
    /// <summary>True if it has one of these rights.</summary>
    public bool HasOneOf(Right rights) => (Rights & (rights | Right.Admin)) != 0;
}
