using RemoteExec.Protocol.Access;

namespace RemoteExec.Server.Auth;

/// <summary>What a path of HTTP takes.</summary>
/// <param name="OneOf">The rights of which one is needed.</param>
/// <param name="Scope">Where.</param>
internal readonly record struct HttpRight(Right OneOf, HttpScope Scope)
{
    /// <summary>Everybody may ask.</summary>
    public static HttpRight Public => default;

    /// <summary>What nobody has thought of is for those who may do everything.</summary>
    public static HttpRight Other { get; } = new(Right.Admin, HttpScope.Everywhere);
}
