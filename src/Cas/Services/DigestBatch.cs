using System.Buffers;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Wire;

namespace RemoteExec.Cas.Services;

/// <summary>The digests of one request, in an array of the shared pool: there may be thousands. Disposed when nobody can be looking at them any more.</summary>
internal sealed class DigestBatch(int capacity) : IDisposable
{
    private const uint InstanceTag = (1 << 3) | 2;
    private const uint DigestTag = (2 << 3) | 2;
    private const int ShortestDigest = 32; // bytes: nobody makes us find room for millions of nothing

    private readonly Digest[] digests = ArrayPool<Digest>.Shared.Rent(capacity);

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>The digests, in the order of the request. Valid until this is disposed.</summary>
    public ArraySegment<Digest> All => new(digests, 0, Count);

    /// <summary>Adds one; there must be room for it.</summary>
    public void Add(in Digest digest) => digests[Count++] = digest;

    /// <inheritdoc/>
    public void Dispose() => ArrayPool<Digest>.Shared.Return(digests);

    /// <summary>
    /// Reads a request that has an instance name as field 1, digests as field 2, a digest function, and nothing else; every digest is good and of one
    /// function (DIG-08, DIG-10). Null for anything else, be it wrong or merely unusual: the generated parser and the checks behind it say what it is.
    /// </summary>
    /// <param name="message">The request.</param>
    /// <param name="functionTag">The tag of its digest function.</param>
    public static DigestBatch? TryRead(ReadOnlySpan<byte> message, uint functionTag)
    {
        // The function stands behind the digests that it is needed for.
        ReadOnlySpan<byte> instanceName = default;
        ulong function = 0;
        int count = 0;
        var fields = new FieldReader(message);
        while (!fields.AtEnd)
        {
            if (!fields.TryReadVarint(out ulong tag))
                return null;
            if (tag == DigestTag && fields.TryReadBytes(out ReadOnlySpan<byte> digest) && digest.Length >= ShortestDigest)
                count++;
            else if (!(tag == InstanceTag && fields.TryReadBytes(out instanceName)) && !(tag == functionTag && fields.TryReadVarint(out function)))
                return null;
        }

        if (!InstanceName.TryParse(instanceName, out InstanceName instance))
            return null;
        var batch = new DigestBatch(count);
        if (batch.TryAddAll(message, instance, (DigestFunction)function))
            return batch;
        batch.Dispose();
        return null;
    }

    private bool TryAddAll(ReadOnlySpan<byte> message, InstanceName instance, DigestFunction function)
    {
        var fields = new FieldReader(message);
        while (!fields.AtEnd)
        {
            if (!fields.TryReadVarint(out ulong tag))
                return false;
            if (tag != DigestTag)
            {
                if (!(tag == InstanceTag ? fields.TryReadBytes(out _) : fields.TryReadVarint(out _)))
                    return false;
                continue;
            }

            if (!fields.TryReadBytes(out ReadOnlySpan<byte> one) || !DigestMessage.TryRead(one, instance, function, out digests[Count]))
                return false;
            function = digests[Count++].Function;
        }

        return true;
    }
}
