using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas;
using RemoteExec.Cas.Stores;
using RemoteExec.Cas.Stores.Segments;

namespace RemoteExec.Benchmarks.ByteStream;

/// <summary>A store with room for a while, and what is to be deleted after it.</summary>
internal sealed class BenchmarkStore : IAsyncDisposable
{
    private const long MaxBytes = 256 * 1024 * 1024;
    private readonly string? directory;

    private BenchmarkStore(IBlobStore store, string? directory)
    {
        Store = store;
        this.directory = directory;
    }

    public IBlobStore Store { get; }

    public static async Task<BenchmarkStore> OpenAsync(StoreKind kind)
    {
        if (kind == StoreKind.Memory)
            return new BenchmarkStore(new MemoryStore(MaxBytes), null);

        // Files in memory where there are any: what is measured is the store and not the disk.
        string directory = Directory.Exists("/dev/shm")
            ? Directory.CreateDirectory($"/dev/shm/benchmark-{Guid.NewGuid():N}").FullName
            : Directory.CreateTempSubdirectory("benchmark-").FullName;
        var options = new SegmentStoreOptions { Path = directory, MaxBytes = MaxBytes };
        return new BenchmarkStore(await SegmentStore.OpenAsync(options, NullLogger.Instance, TimeProvider.System, CancellationToken.None), directory);
    }

    public async ValueTask DisposeAsync()
    {
        if (Store is IAsyncDisposable disposable)
            await disposable.DisposeAsync();
        if (directory is not null)
            Directory.Delete(directory, recursive: true);
    }
}
