using System.Collections.Concurrent;
using RemoteExec.Cas;
using RemoteExec.Protocol;

namespace RemoteExec.Worker.Inputs;

/// <summary>The cached files that one action's inputs are laid out from; they stay cached until this is disposed. One caller at a time fetches.</summary>
internal sealed class FilePins(FileCache cache) : IDisposable
{
    private const int ParallelFetches = 16;
    private const int ParallelSmallFetches = 256; // a store that is far away reads many of them at once
    private const int SmallBytes = 64 * 1024;
    private readonly Dictionary<FileKey, FileCache.Pin> pins = [];

    /// <summary>A file that was fetched.</summary>
    public FileCache.Pin this[FileKey file] => pins[file];

    /// <summary>Makes sure files are cached, fetching several at a time.</summary>
    /// <exception cref="BlobsMissingException">The CAS lacks some; all of these are listed.</exception>
    public async Task FetchAsync(IEnumerable<FileKey> files, CancellationToken cancellationToken)
    {
        List<FileKey> uncached = cache.PinPresent(files.Where(file => !pins.ContainsKey(file)).ToHashSet(), pins.Add);
        if (uncached.Count == 0)
            return;

        var absent = new ConcurrentBag<Digest>();
        await Task.WhenAll(
            FetchAsync(uncached.Where(file => file.Digest.SizeBytes <= SmallBytes), ParallelSmallFetches, absent, cancellationToken),
            FetchAsync(uncached.Where(file => file.Digest.SizeBytes > SmallBytes), ParallelFetches, absent, cancellationToken));
        if (!absent.IsEmpty)
            throw new BlobsMissingException([.. absent.Distinct()]);
    }

    private Task FetchAsync(IEnumerable<FileKey> files, int atOnce, ConcurrentBag<Digest> absent, CancellationToken cancellationToken) => Parallel.ForEachAsync(
        files,
        new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = cancellationToken },
        async (file, cancellation) =>
        {
            if (await cache.PinAsync(file, cancellation) is not { } pin)
            {
                absent.Add(file.Digest);
                return;
            }

            lock (pins)
                pins.Add(file, pin);
        });

    /// <summary>Lets the cache drop the files.</summary>
    public void Dispose() => cache.Unpin(pins.Values);
}
