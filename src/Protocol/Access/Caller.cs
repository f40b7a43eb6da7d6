namespace RemoteExec.Protocol.Access;

/// <summary>Who makes a call, as far as that was proved, and what he may do.</summary>
/// <param name="name">What he is called: in messages to himself, in the audit log, in provenance. Never a secret.</param>
/// <param name="method">How he has shown it: <c>token</c>, <c>certificate</c> and so on.</param>
/// <param name="grants">What he may do.</param>
public sealed class Caller(string name, string method, IReadOnlyList<Grant> grants)
{
    private static readonly AsyncLocal<Caller?> current = new();
    private readonly Grant[] grants = [.. grants];

    /// <summary>
    /// Who makes the call in whose flow this is asked; null if there is no call, or callers are not told apart. What is started in a call and outlives it has no business with this: it works with
    /// what is not guarded.
    /// </summary>
    public static Caller? Current
    {
        get => current.Value;
        set => current.Value = value;
    }

    /// <summary>What he is called.</summary>
    public string Name { get; } = name;

    /// <summary>How he has shown it.</summary>
    public string Method { get; } = method;

    /// <summary>What he may do.</summary>
    public IReadOnlyList<Grant> Grants => grants;

    /// <summary>True for who has shown nothing.</summary>
    public bool IsAnonymous { get; private init; }

    /// <summary>Who shows no credentials.</summary>
    public static Caller Anonymous(IReadOnlyList<Grant> grants) => new("anonymous", "none", grants) { IsAnonymous = true };

    /// <summary>True if he has one of these rights in an instance.</summary>
    public bool HasOneOf(Right rights, InstanceName instance)
    {
        foreach (Grant grant in grants)
        {
            if (grant.HasOneOf(rights) && grant.Scope.Covers(instance))
                return true;
        }

        return false;
    }

    /// <summary>True if he has one of these rights in some instance, whichever.</summary>
    public bool HasOneOfSomewhere(Right rights)
    {
        foreach (Grant grant in grants)
        {
            if (grant.HasOneOf(rights))
                return true;
        }

        return false;
    }

    /// <summary>True if he has one of these rights in all instances.</summary>
    public bool HasOneOfEverywhere(Right rights)
    {
        foreach (Grant grant in grants)
        {
            if (grant.HasOneOf(rights) && grant.Scope.IsAll)
                return true;
        }

        return false;
    }

    /// <summary>The name, and how it was shown.</summary>
    public override string ToString() => IsAnonymous ? Name : $"{Name} ({Method})";
}
