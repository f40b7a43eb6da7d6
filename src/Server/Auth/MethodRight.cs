using RemoteExec.Protocol.Access;

namespace RemoteExec.Server.Auth;

/// <summary>What a method takes.</summary>
/// <param name="OneOf">The rights of which its caller needs one; none if everybody may call it, unknown or not.</param>
/// <param name="IsEverywhere">True if it needs that in all instances, as the method does not belong to one. Otherwise it is enough to have it somewhere: in which instance it is needed, the service sees.</param>
internal readonly record struct MethodRight(Right OneOf, bool IsEverywhere = false)
{
    /// <summary>Everybody may call it.</summary>
    public static MethodRight Public => default;

    /// <summary>Why a caller may not call it; null if he may.</summary>
    public AccessDeniedException? Refuse(Caller caller)
    {
        if (OneOf == Right.None)
            return null;
        if (IsEverywhere)
            return caller.HasOneOfEverywhere(OneOf) ? null : AccessDeniedException.Everywhere(caller, OneOf);
        return caller.HasOneOfSomewhere(OneOf) ? null : AccessDeniedException.Anywhere(caller, OneOf);
    }
}
