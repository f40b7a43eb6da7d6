using Google.Protobuf;
using RemoteExec.Protocol;

namespace RemoteExec.Probe;

/// <summary>Content that is made up to try a server with, and its digest (SHA-256, which every server has).</summary>
public sealed class ProbeBlob
{
    private readonly Digest digest;

    /// <summary>Names content.</summary>
    /// <param name="content">The content, which is the blob's from now on.</param>
    public ProbeBlob(byte[] content)
    {
        Content = content;
        digest = IncrementalHasher.Compute(InstanceName.Parse(""), DigestFunction.Sha256, content);
        Wire = digest.ToProto();
    }

    /// <summary>The content.</summary>
    public byte[] Content { get; }

    /// <summary>Its digest as messages carry it.</summary>
    public Reapi.Digest Wire { get; }

    /// <summary>Content that no compressor makes smaller, the same for the same state of <paramref name="random"/>.</summary>
    public static ProbeBlob Random(Random random, int length)
    {
        var content = new byte[length];
        random.NextBytes(content);
        return new ProbeBlob(content);
    }

    /// <summary>An encoded message.</summary>
    public static ProbeBlob Of(IMessage message) => new(message.ToByteArray());

    /// <summary>Its digest in an instance.</summary>
    public Digest In(string instance) => Digest.Create(InstanceName.Parse(instance), digest.Function, digest.HashSpan, digest.SizeBytes);
}
