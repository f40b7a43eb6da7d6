using RemoteExec.Cas;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Rpc.Client;

namespace RemoteExec.EndToEnd.Tests.Cluster;

/// <summary>A client that writes blobs and reads them back all the time, and fails if one that was called present can't be read, or is wrong.</summary>
internal sealed class ClusterLoad : IAsyncDisposable
{
    private readonly CancellationTokenSource stopping = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private readonly RpcChannel channel;
    private readonly RemoteStore store;
    private readonly Task running;
    private int written;

    /// <summary>Begins.</summary>
    /// <param name="address">The front end.</param>
    /// <param name="others">What is called instead when it does not answer.</param>
    public ClusterLoad(string address, params string[] others)
    {
        channel = new RpcChannel([.. others.Prepend(address).Select(RpcAddress.Parse)]);
        store = new RemoteStore(channel, TimeSpan.FromSeconds(60), TimeProvider.System); // a front end that restarts is waited for, as Bazel does
        running = RunAsync();
    }

    /// <summary>Only reads, after another has written so many.</summary>
    public ClusterLoad(string address, int written)
    {
        this.written = written;
        channel = new RpcChannel(RpcAddress.Parse(address));
        store = new RemoteStore(channel, TimeSpan.FromSeconds(60), TimeProvider.System);
        running = Task.CompletedTask;
    }

    /// <summary>What the front end prints, to be told with what is wrong.</summary>
    public Func<string> Log { get; init; } = () => "";

    /// <summary>How many blobs it has written.</summary>
    public int Written => Volatile.Read(ref written);

    /// <summary>Waits until it has written some more.</summary>
    public async Task WaitForAsync(int more)
    {
        for (int wanted = Written + more; Written < wanted; await Task.Delay(10, stopping.Token))
        {
            if (running.IsCompleted)
                await running;
        }
    }

    /// <summary>Waits until the CAS has all of the blobs.</summary>
    public async Task WaitForAllAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(2));
        while ((await store.FindMissingAsync([.. Enumerable.Range(0, Written).Select(number => BlobOf(number).Digest)], limit.Token)).Count > 0)
            await Task.Delay(50, limit.Token);
    }

    /// <summary>Ends it, and throws what went wrong.</summary>
    public async Task StopAsync()
    {
        await stopping.CancelAsync();
        try
        {
            await running;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // As asked.
        }
    }

    /// <summary>How many of the blobs it has written the CAS has; each of these is read.</summary>
    public async Task<int> CountAsync()
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        TestBlob[] all = [.. Enumerable.Range(0, Written).Select(BlobOf)];
        HashSet<Digest> missing = [.. await store.FindMissingAsync([.. all.Select(blob => blob.Digest)], token)];
        foreach (TestBlob blob in all.Where(blob => !missing.Contains(blob.Digest)))
            Assert.Equal(blob.Content, await store.ReadAllAsync(blob.Digest, blob.Content.Length, token));
        return all.Length - missing.Count;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await channel.DisposeAsync();
        stopping.Dispose();
    }

    private static TestBlob BlobOf(int number) => TestBlob.Random(1_000_000 + number, 200 + (number * 37 % 5_000));

    private async Task RunAsync()
    {
        while (true)
        {
            TestBlob blob = BlobOf(Written);
            await store.WriteAllAsync(blob.Digest, blob.Content, stopping.Token);
            int number = Interlocked.Increment(ref written);
            TestBlob earlier = BlobOf((int)(number * 2_654_435_761L % number));
            if (await store.ContainsAsync(earlier.Digest, stopping.Token))
                await ReadAsync(earlier);
        }
    }

    private async Task ReadAsync(TestBlob blob)
    {
        byte[]? content = await store.ReadAllAsync(blob.Digest, blob.Content.Length, stopping.Token);
        Assert.True(content is not null, $"{blob.Digest} was called present and is not there; the front end says:\n{Log()}");
        Assert.Equal(blob.Content, content);
    }
}
