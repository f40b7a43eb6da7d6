using System.Diagnostics;
using System.Net.NetworkInformation;
using Amazon.Runtime;
using Amazon.S3;

namespace RemoteExec.TestKit;

/// <summary>A real S3 service (Ceph's RADOS gateway) for the tests of an assembly: started when the first one asks for it, stopped after the last. A bucket of its own keeps tests apart.</summary>
public sealed class S3Gateway : IAsyncLifetime
{
    private const int PortsTaken = 40; // by the service, from its port on
    private readonly SemaphoreSlim starting = new(1);
    private TemporaryDirectory? directory;
    private AmazonS3Client? client;
    private int buckets;

    /// <summary>Where it listens, in plain HTTP.</summary>
    public int Port { get; private set; }

    /// <summary>The keys that open it.</summary>
    public BasicAWSCredentials Credentials { get; } = new("devaccess", "devsecretdevsecret");

    /// <summary>A client that does not count, for what tests do behind a store's back.</summary>
    public AmazonS3Client Client => client ?? throw new InvalidOperationException("make a bucket first");

    /// <summary>Makes a bucket, and before the first one starts the service. Skips the test where there is none.</summary>
    public async Task<string> CreateBucketAsync()
    {
        Requires.Program("radosgw", "ceph-mon ceph-osd radosgw ceph-common ceph-base");
        await StartAsync();
        string name = $"bucket-{Interlocked.Increment(ref buckets)}";
        await Client.PutBucketAsync(name, TestContext.Current.CancellationToken);
        return name;
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        client?.Dispose();
        if (directory is not null)
        {
            await RunAsync("stop");
            directory.Dispose();
        }

        starting.Dispose();
    }

    private async Task StartAsync()
    {
        await starting.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            if (client is not null)
                return;
            directory ??= new TemporaryDirectory();
            Port = FreePorts();
            await RunAsync("start");
            client = new AmazonS3Client(Credentials, new AmazonS3Config
            {
                ServiceURL = $"http://127.0.0.1:{Port}",
                ForcePathStyle = true,
                AuthenticationRegion = "us-east-1",
                UseHttp = true,
                RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
                ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            });
        }
        finally
        {
            starting.Release();
        }
    }

    private async Task RunAsync(string command)
    {
        // Its servers inherit the pipes that are not redirected, so nothing is read from them.
        var start = new ProcessStartInfo("bash", [Repository.Path("eng", "dev", "s3.sh"), command, directory!["gateway"], $"{Port}"]);
        start.Environment["STORE_GB"] = "4";
        using Process script = Process.Start(start)!;
        await script.WaitForExitAsync();
        Assert.True(script.ExitCode == 0, $"s3.sh {command} ended with {script.ExitCode}");
    }

    private static int FreePorts()
    {
        var used = IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Select(listener => listener.Port).ToHashSet();
        while (true)
        {
            int port = Random.Shared.Next(10_000, 30_000); // below those that the system gives to clients
            if (!Enumerable.Range(port, PortsTaken + 1).Any(used.Contains))
                return port;
        }
    }
}
