using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Stores.Segments;

/// <summary>A directory for stores, deleted at the end, and what the tests of the segment store do again and again.</summary>
internal sealed class StoreFolder : IDisposable
{
    /// <param name="inMemory">On a file system in memory if there is one: for tests that open many small stores, each of which brings its checkpoint to the disk.</param>
    public StoreFolder(bool inMemory = false)
    {
        Path = inMemory && Directory.Exists("/dev/shm")
            ? Directory.CreateDirectory($"/dev/shm/segments-{Guid.NewGuid():N}").FullName
            : Directory.CreateTempSubdirectory("segments-").FullName;
    }

    public string Path { get; }

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Incompressible content.</summary>
    public static byte[] Content(int seed, int length) => TestBlob.Random(seed, length).Content;

    public static Digest DigestOf(byte[] content, string instance = "") => TestBlob.Of(content, instance).Digest;

    /// <summary>The digest of an action, under which any value may stand.</summary>
    public static Digest Key(int number) => Digest.Create(default, DigestFunction.Sha256, SHA256.HashData(BitConverter.GetBytes(number)), 140);

    public ValueTask<SegmentStore> OpenAsync(long maxBytes = 64 << 20, long segmentBytes = 0) =>
        SegmentStore.OpenAsync(Options(maxBytes, segmentBytes), NullLogger.Instance, TimeProvider.System, Token);

    public SegmentStoreOptions Options(long maxBytes = 64 << 20, long segmentBytes = 0) =>
        new() { Path = Path, MaxBytes = maxBytes, SegmentBytes = segmentBytes };

    public string[] Segments() => [.. Directory.GetFiles(Path, "*.seg").Concat(Directory.GetFiles(Path, "*.one")).Order()];

    /// <summary>The bytes that the segments take.</summary>
    public long Bytes() => Directory.GetFiles(Path).Where(file => file.EndsWith(".seg", StringComparison.Ordinal) || file.EndsWith(".one", StringComparison.Ordinal))
        .Sum(file => new FileInfo(file) is { Exists: true } info ? info.Length : 0);

    /// <summary>Makes another folder the same as this one.</summary>
    public void CopyTo(StoreFolder other)
    {
        foreach (string file in Directory.GetFiles(other.Path))
            File.Delete(file);
        foreach (string file in Directory.GetFiles(Path))
            File.Copy(file, System.IO.Path.Combine(other.Path, System.IO.Path.GetFileName(file)));
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
