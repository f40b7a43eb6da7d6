using System.Runtime.CompilerServices;
using RemoteExec.Protocol;

namespace RemoteExec.Execution.Operations;

/// <summary>A digest for several who keep it, and no longer than its hash is: every copy counts when a million actions wait.</summary>
internal sealed class SharedDigest
{
    private readonly ShortHash hash;
    private readonly byte[]? longHash; // of the functions whose hashes do not fit
    private readonly InstanceName instance;
    private readonly long sizeBytes;
    private readonly DigestFunction function;

    /// <summary>Keeps a digest.</summary>
    public SharedDigest(Digest value)
    {
        (instance, function, sizeBytes) = (value.Instance, value.Function, value.SizeBytes);
        if (value.HashSpan.Length > ShortHash.Length)
            longHash = value.HashSpan.ToArray();
        else
            value.HashSpan.CopyTo(hash);
    }

    /// <summary>The digest.</summary>
    public Digest Value => function == DigestFunction.Unknown
        ? default
        : Digest.Create(instance, function, longHash ?? ((ReadOnlySpan<byte>)hash)[..function.HashLength()], sizeBytes);

    [InlineArray(Length)]
    private struct ShortHash
    {
        public const int Length = 32;
        private byte first;
    }
}
