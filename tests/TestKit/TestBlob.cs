using RemoteExec.Protocol;

namespace RemoteExec.TestKit;

/// <summary>A blob whose content follows from a seed, and its digest.</summary>
public sealed class TestBlob
{
    private TestBlob(Digest digest, byte[] content)
    {
        Digest = digest;
        Content = content;
    }

    /// <summary>What names the content.</summary>
    public Digest Digest { get; }

    /// <summary>The content.</summary>
    public byte[] Content { get; }

    /// <summary>Incompressible content of a length.</summary>
    public static TestBlob Random(int seed, int length, string instance = "", DigestFunction function = DigestFunction.Sha256)
    {
        var content = new byte[length];
        new Random(seed).NextBytes(content);
        return Of(content, instance, function);
    }

    /// <summary>Content that is at hand.</summary>
    public static TestBlob Of(byte[] content, string instance = "", DigestFunction function = DigestFunction.Sha256) =>
        new(IncrementalHasher.Compute(InstanceName.Parse(instance), function, content), content);
}
