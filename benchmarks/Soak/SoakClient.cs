using System.Collections.Concurrent;
using RemoteExec.Cas;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Benchmarks.Soak;

/// <summary>A client: uploads blobs, and asks for old ones and compares every byte.</summary>
internal sealed class SoakClient(SoakServer server, SoakTally tally, ConcurrentQueue<int> recent, int seed) : IAsyncDisposable
{
    private const int BlobsOfOne = 1_000_000;

    private readonly Random random = new(seed);
    private readonly RpcChannel channel = new(server.Address);
    private int last = seed * BlobsOfOne;

    /// <summary>Goes on until it is asked to stop.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var store = new RemoteStore(channel, TimeSpan.FromSeconds(30), TimeProvider.System);
        while (!stop.IsCancellationRequested)
        {
            try
            {
                if (random.Next(3) == 0 || last == seed * BlobsOfOne)
                    await WriteAsync(store);
                else
                    await ReadAsync(store, last - (int)(Math.Pow(random.NextDouble(), 3) * (last - (seed * BlobsOfOne))));
            }
            catch (Exception exception) when (exception is StoreUnavailableException or StoreFullException or RpcException)
            {
                tally.Refused();
            }
        }
    }

    /// <summary>Asks whether blobs that were acknowledged are there, and right.</summary>
    public async Task CheckAsync(IEnumerable<int> numbers, string story)
    {
        var store = new RemoteStore(channel, TimeSpan.FromSeconds(30), TimeProvider.System);
        foreach (int number in numbers)
        {
            byte[] content = SoakBlobs.Content(number);
            byte[]? found = await store.ReadAllAsync(SoakBlobs.DigestOf(content), int.MaxValue, CancellationToken.None);
            if (found is null)
                tally.Wrong($"blob {number} was acknowledged and is lost {story}");
            else if (!found.AsSpan().SequenceEqual(content))
                tally.Wrong($"blob {number} is wrong {story}");
            else
                tally.Read(found.Length);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => channel.DisposeAsync();

    private async Task WriteAsync(RemoteStore store)
    {
        byte[] content = SoakBlobs.Content(last + 1);
        await store.WriteAllAsync(SoakBlobs.DigestOf(content), content, CancellationToken.None);
        last++;
        tally.Wrote(content.Length);
        recent.Enqueue(last);
        while (recent.Count > 30 && recent.TryDequeue(out _))
        {
            // only the last ones are of interest
        }
    }

    private async Task ReadAsync(RemoteStore store, int number)
    {
        if (number <= seed * BlobsOfOne)
            return;
        byte[] content = SoakBlobs.Content(number);
        Digest digest = SoakBlobs.DigestOf(content);
        int start = server.Starts;
        if (!await store.ContainsAsync(digest, CancellationToken.None))
        {
            tally.Missed();
            return;
        }

        byte[]? found = await store.ReadAllAsync(digest, int.MaxValue, CancellationToken.None);
        if (found is null && server.Starts == start)
            tally.Wrong($"blob {number} was found and could not be read");
        else if (found is not null && !found.AsSpan().SequenceEqual(content))
            tally.Wrong($"blob {number} is wrong");
        else if (found is not null)
            tally.Read(found.Length);
    }
}
