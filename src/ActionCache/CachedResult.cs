using Google.Protobuf;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Wire;

namespace RemoteExec.ActionCache;

/// <summary>A result as it is kept: encoded, so that it can be sent on as it is. Most are never parsed.</summary>
public sealed class CachedResult
{
    private const ulong Number = 0; // the wire type of numbers that are encoded as varints
    private const ulong LengthDelimited = 2; // the wire type of messages, strings and bytes
    private const ulong ExecutionMetadataTag = (9 << 3) | LengthDelimited;

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

    /// <summary>How the action was run, as an encoded <c>ExecutedActionMetadata</c>; empty if the result does not say.</summary>
    public ReadOnlySpan<byte> ExecutionMetadata
    {
        get
        {
            ReadOnlySpan<byte> found = default;
            var fields = new FieldReader(encoded);
            while (!fields.AtEnd)
            {
                if (!fields.TryReadVarint(out ulong tag))
                    return default;
                if ((tag & 7) == Number && fields.TryReadVarint(out _))
                    continue;
                if ((tag & 7) != LengthDelimited || !fields.TryReadBytes(out ReadOnlySpan<byte> value))
                    return default;
                if (tag == ExecutionMetadataTag)
                    found = value;
            }

            return found;
        }
    }

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
