using Google.Protobuf;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Wire;

namespace RemoteExec.ActionCache;

/// <summary>A result as it is kept: encoded, so that it can be sent on as it is. Most are never parsed.</summary>
public sealed class CachedResult
{
    private readonly byte[] encoded;

    private CachedResult(byte[] encoded, ActionResultRefs? refs)
    {
        this.encoded = encoded;
        Refs = refs;
    }

    /// <summary>The <c>ActionResult</c> message.</summary>
    public ReadOnlyMemory<byte> Encoded => encoded;

    /// <summary>The digests it names; null if one of them is missing or malformed.</summary>
    public ActionResultRefs? Refs { get; }

    /// <summary>The result as a message, which is the caller's.</summary>
    public Reapi.ActionResult Parse() => Reapi.ActionResult.Parser.ParseFrom(encoded);

    /// <summary>Takes a result in; null if it is none.</summary>
    /// <param name="encoded">The message; not changed by anybody from now on.</param>
    /// <param name="action">The digest of the action.</param>
    public static CachedResult? TryRead(byte[] encoded, Digest action)
    {
        if (ActionResultRefs.TryRead(encoded, action) is { } usual)
            return new CachedResult(encoded, usual);
        try
        {
            return new CachedResult(encoded, ActionResultRefs.TryCollect(Reapi.ActionResult.Parser.ParseFrom(encoded), action, out ActionResultRefs? refs, out _) ? refs : null);
        }
        catch (Exception exception) when (MalformedMessage.IsReason(exception))
        {
            return null;
        }
    }
}
