using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.ActionCache;
using RemoteExec.ActionCache.Stores;
using RemoteExec.Cas;
using RemoteExec.Cas.Stores;
using RemoteExec.Cas.Stores.S3;
using RemoteExec.Rpc.Client;
using RemoteExec.Server;
using RemoteExec.Server.Configuration;
using RemoteExec.Server.Hosting;

namespace RemoteExec.Integration.Tests.S3;

/// <summary>Whole servers with a bucket behind their disk.</summary>
public sealed class S3ServerTests(S3Gateway gateway) : IAsyncLifetime
{
    private readonly TemporaryDirectory data = new();
    private S3TestBucket bucket = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        bucket = await S3TestBucket.CreateAsync(gateway);
        Environment.SetEnvironmentVariable("AWS_ACCESS_KEY_ID", "devaccess");
        Environment.SetEnvironmentVariable("AWS_SECRET_ACCESS_KEY", "devsecretdevsecret");
    }

    public async ValueTask DisposeAsync()
    {
        if (bucket is not null)
            await bucket.DisposeAsync();
        data.Dispose();
    }

    [Fact]
    public async Task A_machine_that_takes_the_place_of_a_lost_one_has_its_blobs_and_results()
    {
        TestBlob output = TestBlob.Random(1, 5000), action = TestBlob.Random(2, 142);
        var result = new Reapi.ActionResult { OutputFiles = { new Reapi.OutputFile { Path = "out", Digest = output.Digest.ToProto() } } };
        await using (RunningServer lost = await StartAsync("lost"))
        {
            await using RpcChannel channel = Connect(lost);
            await new RemoteStore(channel, TimeSpan.Zero, TimeProvider.System).WriteAllAsync(output.Digest, output.Content, Token);
            await new ActionCacheStore(new RemoteResultStore(channel, TimeSpan.Zero, TimeProvider.System)).PutAsync(action.Digest, result, Token);
        }

        Directory.Delete(data["lost"], recursive: true);

        await Assert.ThrowsAsync<StartupException>(async () => await StartAsync("next"));
        await using RunningServer next = await StartAsync("next", takeOver: true);
        await using RpcChannel connection = Connect(next);
        var results = new ActionCacheStore(new RemoteResultStore(connection, TimeSpan.Zero, TimeProvider.System));
        CachedResult? found = null;
        while (found is null) // what the bucket has comes back in the background
            found = await results.FindAsync(action.Digest, Token);

        Assert.Equal(result, found.Parse());
        Assert.Equal(output.Content, await new RemoteStore(connection, TimeSpan.Zero, TimeProvider.System).ReadAllAsync(output.Digest, 1 << 20, Token));
    }

    [Fact]
    public async Task What_is_asked_of_the_bucket_is_counted_as_it_is_asked()
    {
        var requests = new Dictionary<string, long>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Name == "remoteexec.s3.requests")
                self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, count, tags, _) =>
        {
            var named = tags.ToArray().ToDictionary(tag => tag.Key, tag => (string)tag.Value!);
            lock (requests)
            {
                if (named["store"] == bucket.Name)
                    requests[named["kind"]] = requests.GetValueOrDefault(named["kind"]) + count;
            }
        });
        listener.Start();

        await using (S3Store store = await bucket.OpenAsync(bucket.Options() with { Name = bucket.Name }))
        {
            await store.WriteAllAsync(TestBlob.Random(1, 12 << 20).Digest, TestBlob.Random(1, 12 << 20).Content, Token);
            await store.Maintenance.Reconciled.WaitAsync(Token);
        }

        // A long value goes up in parts; they are begun and joined by POST.
        Assert.Equal(bucket.Relay.Count("PUT") + bucket.Relay.Count("POST"), requests["put"]);
        Assert.Equal(bucket.Relay.Count("GET"), requests["get"] + requests["list"]);
        Assert.Equal(bucket.Relay.Requests.Count, requests.Values.Sum());
    }

    private static RpcChannel Connect(RunningServer server) =>
        new(RpcAddress.Parse($"grpc://{server.Listeners.First(listener => listener.Kind == ListenerKind.Grpc).Address}"), null);

    private async Task<RunningServer> StartAsync(string name, bool takeOver = false)
    {
        string Bucket(string prefix) =>
            $"{{ s3: {{ bucket: {bucket.Name}, prefix: {prefix}/, path: {data[name, prefix]}, endpoint: \"http://127.0.0.1:{bucket.Relay.Port}\", pathStyle: true, takeOver: {(takeOver ? "true" : "false")} }} }}";
        ServerOptions options = new ConfigLoader().AddText(
            "test",
            $"""
             data: {data[name]}
             maxSize: 64MiB
             listeners: {"{ grpc: 127.0.0.1:0, http: 127.0.0.1:0 }"}
             worker: {"{ slots: 0 }"}
             cas: {"{ store: { fastSlow: { fast: { memory: {} }, slow: " + Bucket("cas") + " } } }"}
             actionCache: {"{ store: " + Bucket("results") + " }"}
             """).Load();
        return await RunningServer.StartAsync(options, NullLoggerFactory.Instance, TimeProvider.System, Token);
    }
}
