using RemoteExec.Protocol.Access;

namespace RemoteExec.Server.Auth;

/// <summary>What an <see cref="IAuthenticator"/> makes of credentials.</summary>
internal readonly record struct Authentication
{
    /// <summary>They are of no kind that it knows: others are to look at them.</summary>
    public static Authentication NotMine => default;

    /// <summary>Who calls; null if that is not shown.</summary>
    public Caller? Caller { get; private init; }

    /// <summary>What is wrong with them, in words for whoever has shown them: nobody else is asked. Null if nothing is, or they are not its.</summary>
    public string? Refusal { get; private init; }

    /// <summary>They are good.</summary>
    public static Authentication Of(Caller caller) => new() { Caller = caller };

    /// <summary>They are bad.</summary>
    /// <param name="reason">Why, without quoting what is secret.</param>
    public static Authentication Refused(string reason) => new() { Refusal = reason };
}
