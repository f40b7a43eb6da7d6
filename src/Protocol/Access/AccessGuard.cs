namespace RemoteExec.Protocol.Access;

/// <summary>Says whether the caller of the flow that asks may do something. Thread-safe.</summary>
public sealed class AccessGuard
{
    private readonly Func<Caller?>? find;
    private readonly Action<AccessDeniedException>? told;

    private AccessGuard() => find = null;

    /// <summary>A guard that knows whom to ask about; where nobody is known, nothing is allowed.</summary>
    /// <param name="find">Tells who calls.</param>
    /// <param name="told">Told of what is denied; null for nobody.</param>
    public AccessGuard(Func<Caller?> find, Action<AccessDeniedException>? told = null) => (this.find, this.told) = (find, told);

    /// <summary>Where callers are not told apart: whoever gets so far may do everything.</summary>
    public static AccessGuard Off { get; } = new();

    /// <summary>True if callers are told apart.</summary>
    public bool IsOn => find is not null;

    /// <summary>True if the caller has one of these rights in an instance.</summary>
    public bool Allows(Right oneOf, InstanceName instance) => find is null || (find() is { } caller && caller.HasOneOf(oneOf, instance));

    /// <summary>True if the caller has one of these rights in all instances.</summary>
    public bool AllowsEverywhere(Right oneOf) => find is null || (find() is { } caller && caller.HasOneOfEverywhere(oneOf));

    /// <summary>Lets a caller pass who has one of these rights in an instance.</summary>
    /// <exception cref="AccessDeniedException">He has not.</exception>
    public void Check(Right oneOf, InstanceName instance)
    {
        if (find is null || Allows(oneOf, instance))
            return;
        AccessDeniedException denial = AccessDeniedException.In(instance, find(), oneOf);
        told?.Invoke(denial);
        throw denial;
    }
}
