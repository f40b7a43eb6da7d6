using Google.Protobuf;
using RemoteExec.Protocol.Callers;
using RemoteExec.Protocol.Wire;

namespace RemoteExec.Protocol.Access;

/// <summary>A caller as servers tell each other of him when they carry his calls on (<c>protos/remoteexec/access.proto</c>).</summary>
public static class CallerHeader
{
    /// <summary>The header.</summary>
    public const string Name = "remoteexec-caller-bin";

    /// <summary>Its value, as bytes.</summary>
    public static byte[] Encode(Caller caller)
    {
        var info = new CallerInfo { Name = caller.Name, Method = caller.Method, Anonymous = caller.IsAnonymous };
        foreach (Grant grant in caller.Grants)
            info.Grants.Add(new GrantInfo { Rights = { RightNames.Of(grant.Rights) }, Instances = grant.Scope.ToString(), Alone = grant.Scope.IsAlone });
        return info.ToByteArray();
    }

    /// <summary>Who is meant; null if it makes no sense.</summary>
    public static Caller? Decode(byte[] value)
    {
        CallerInfo info;
        try
        {
            info = CallerInfo.Parser.ParseFrom(value);
        }
        catch (Exception exception) when (MalformedMessage.IsReason(exception))
        {
            return null;
        }

        List<Grant> grants = [];
        foreach (GrantInfo grant in info.Grants)
        {
            if (!InstanceScope.TryParse(grant.Instances, out InstanceScope? scope, out _))
                return null;
            if (grant.Alone)
                scope = scope.Alone();
            grants.Add(new Grant(grant.Rights.Aggregate(Right.None, (sum, name) => RightNames.TryParse(name, out Right right, out _) ? sum | right : sum), scope));
        }

        return info.Anonymous ? Caller.Anonymous(grants) : new Caller(info.Name, info.Method, grants);
    }
}
