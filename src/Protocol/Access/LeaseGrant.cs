using Google.Protobuf;
using RemoteExec.Protocol.Callers;
using RemoteExec.Protocol.Wire;

namespace RemoteExec.Protocol.Access;

/// <summary>What a worker may do for one action that it was given, or may be given next: what a lease token says (<c>protos/remoteexec/access.proto</c>).</summary>
/// <param name="Instance">The action's instance: it holds there alone, not in those below.</param>
/// <param name="Rights">What is allowed: reading blobs, writing them, or both.</param>
/// <param name="Lease">The lease.</param>
/// <param name="Worker">The worker, as it calls itself.</param>
/// <param name="Expires">From then on it holds no more; a whole number of milliseconds.</param>
public sealed record LeaseGrant(InstanceName Instance, Right Rights, string Lease, string Worker, DateTimeOffset Expires)
{
    /// <summary>What tokens begin with, which tells them from other kinds, and has the version of their form.</summary>
    public const string TokenPrefix = "rxl1_";

    /// <summary>More than these a lease never gives.</summary>
    public const Right Most = Right.ReadCas | Right.WriteCas;

    private const string Scheme = "Bearer ";

    /// <summary>True if the value of an authorization header begins as one with a token of this kind does, whether it is one or not.</summary>
    public static bool IsShownIn(string? header) =>
        header is not null && header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) && header.AsSpan(Scheme.Length).TrimStart().StartsWith(TokenPrefix, StringComparison.Ordinal);

    /// <summary>As bytes.</summary>
    public byte[] ToBytes() => new LeaseInfo
    {
        Instance = Instance.Value,
        Rights = { RightNames.Of(Rights) },
        Lease = Lease,
        Worker = Worker,
        Expires = Expires.ToUnixTimeMilliseconds(),
    }.ToByteArray();

    /// <summary>Reads what <see cref="ToBytes"/> writes; null if it is anything else, or gives more than leases do.</summary>
    public static LeaseGrant? Parse(ReadOnlySpan<byte> bytes)
    {
        LeaseInfo info;
        try
        {
            info = LeaseInfo.Parser.ParseFrom(bytes);
        }
        catch (Exception exception) when (MalformedMessage.IsReason(exception))
        {
            return null;
        }

        Right rights = Right.None;
        foreach (string name in info.Rights)
        {
            if (!RightNames.TryParse(name, out Right right, out _) || (right & ~Most) != 0)
                return null;
            rights |= right;
        }

        return rights != Right.None && InstanceName.TryParse(info.Instance, out InstanceName instance, out _)
            && info.Expires >= 0 && info.Expires <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
            ? new LeaseGrant(instance, rights, info.Lease, info.Worker, DateTimeOffset.FromUnixTimeMilliseconds(info.Expires))
            : null;
    }

    /// <summary>Who shows it.</summary>
    public Caller ToCaller() => new(Worker, $"lease {Lease}", [new Grant(Rights, InstanceScope.Only(Instance))]);
}
