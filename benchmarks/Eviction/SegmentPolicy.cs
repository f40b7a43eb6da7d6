using System.Buffers.Binary;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas;
using RemoteExec.Cas.Builds;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.Protocol;
using Digest = RemoteExec.Protocol.Digest;

namespace RemoteExec.Benchmarks.Eviction;

/// <summary>The server's own store, on a real file system, with or without knowing of builds. Its bound is kept with all that it needs besides the blobs.</summary>
internal sealed class SegmentPolicy : IEvictionPolicy
{
    private readonly DirectoryInfo directory;
    private readonly SegmentStore store;
    private readonly LiveBuilds builds;
    private readonly TraceClock clock;
    private readonly bool knowsBuilds;
    private readonly byte[] content = new byte[1 << 20];
    private long uploadedBytes;

    private SegmentPolicy(DirectoryInfo directory, SegmentStore store, LiveBuilds builds, TraceClock clock, bool knowsBuilds)
    {
        this.directory = directory;
        this.store = store;
        this.builds = builds;
        this.clock = clock;
        this.knowsBuilds = knowsBuilds;
    }

    /// <inheritdoc/>
    public string Name => knowsBuilds ? "segments, builds kept" : "segments";

    /// <inheritdoc/>
    public long WrittenBytes => uploadedBytes + store.Statistics.MovedBytes;

    /// <summary>Opens an empty store.</summary>
    public static async Task<SegmentPolicy> OpenAsync(long maxBytes, bool knowsBuilds)
    {
        string parent = Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath();
        DirectoryInfo directory = Directory.CreateDirectory(Path.Combine(parent, $"eviction-{Guid.NewGuid():N}"));
        var clock = new TraceClock();
        LiveBuilds builds = knowsBuilds ? new LiveBuilds(TimeSpan.FromHours(3), clock) : LiveBuilds.None;
        var options = new SegmentStoreOptions { Path = directory.FullName, MaxBytes = maxBytes, Durability = Durability.Fast };
        SegmentStore store = await SegmentStore.OpenAsync(options, builds, NullLogger.Instance, clock, CancellationToken.None);
        return new SegmentPolicy(directory, store, builds, clock, knowsBuilds);
    }

    /// <inheritdoc/>
    public void Enter(TraceEvent call)
    {
        clock.Set(call.Minute);
        if (call.Build != TraceEvent.NoBuild)
            builds.Leave(builds.Enter(call.Build.ToString(CultureInfo.InvariantCulture)));
    }

    /// <inheritdoc/>
    public ValueTask<bool> LookUpAsync(TraceEvent call) => store.ContainsAsync(DigestOf(call), CancellationToken.None);

    /// <inheritdoc/>
    public async ValueTask UploadAsync(TraceEvent call)
    {
        uploadedBytes += call.Size;
        if (call.Build == TraceEvent.NoBuild)
            LiveBuilds.SetNameless(); // until this method returns
        await store.WriteAllAsync(DigestOf(call), content.AsMemory(0, call.Size), CancellationToken.None);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await store.DisposeAsync();
        directory.Delete(recursive: true);
    }

    private static Digest DigestOf(TraceEvent call)
    {
        Span<byte> hash = stackalloc byte[32];
        hash.Clear();
        BinaryPrimitives.WriteInt32LittleEndian(hash, call.Blob);
        return Digest.Create(default, DigestFunction.Sha256, hash, call.Size);
    }
}
