namespace RemoteExec.Protocol.Access;

/// <summary>A caller lacks a right. The message names it, as he is to be able to ask for it.</summary>
public sealed class AccessDeniedException : Exception
{
    private AccessDeniedException(Caller? caller, Right oneOf, string where)
        : base(Describe(caller, oneOf, where)) => (Caller, OneOf) = (caller, oneOf);

    /// <summary>Who; null if nobody is known in the flow that asked.</summary>
    public Caller? Caller { get; }

    /// <summary>The rights of which he has none.</summary>
    public Right OneOf { get; }

    /// <summary>True if credentials may help: he has shown none.</summary>
    public bool IsStranger => Caller is null or { IsAnonymous: true };

    /// <summary>The right is missing in one instance.</summary>
    public static AccessDeniedException In(InstanceName instance, Caller? caller, Right oneOf) =>
        new(caller, oneOf, instance.IsEmpty ? "in the nameless instance" : $"in instance '{instance}'");

    /// <summary>The right is missing in every instance.</summary>
    public static AccessDeniedException Anywhere(Caller? caller, Right oneOf) => new(caller, oneOf, "in any instance");

    /// <summary>The right may be there, but not in all instances.</summary>
    public static AccessDeniedException Everywhere(Caller? caller, Right oneOf) => new(caller, oneOf, "for all instances");

    private static string Describe(Caller? caller, Right oneOf, string where) => caller is null or { IsAnonymous: true }
        ? $"this takes the right {RightNames.OneOf(oneOf)} {where}, and the call shows no credentials"
        : $"{caller} lacks the right {RightNames.OneOf(oneOf)} {where}";
}
