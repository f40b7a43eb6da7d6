using System.Globalization;
using Amazon.Runtime;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas;
using RemoteExec.Cas.Stores.S3;
using RemoteExec.TestKit;

namespace RemoteExec.CrashHost;

/// <summary>
/// Writes to a store on S3 until it is killed, while packs are sealed, uploaded, forgotten and deleted all the time. Says "blob N" or "value KEY VERSION" for what must outlast the power: what
/// was acknowledged by the bucket, or was flushed on the local disk.
/// </summary>
internal sealed class BucketScript(string path, int port, string bucket, bool isSafe, int first)
{
    private readonly Lock flushing = new(); // one flush at a time: whoever comes second may not go on before the first is done

    private readonly S3StoreOptions options = new()
    {
        Bucket = bucket,
        Prefix = "cas/",
        Path = path,
        Endpoint = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}")),
        PathStyle = true,
        Credentials = new BasicAWSCredentials("devaccess", "devsecretdevsecret"),
        Acknowledge = isSafe ? S3Acknowledgement.S3 : S3Acknowledgement.Local,
        PackBytes = 64 << 10,
        LargeBytes = 16 << 10,
        MaxBacklog = 1 << 30,
    };

    public async Task RunAsync()
    {
        // Its clock stands still, so nothing is flushed but by the writers; it is later than that of the process before.
        var time = new ManualTimeProvider();
        time.Advance(TimeSpan.FromSeconds(1 + first));
        S3Store store = await S3Store.OpenAsync(options, NullLogger.Instance, time, CancellationToken.None);
        TextWriter output = TextWriter.Synchronized(Console.Out);
        int next = first;
        Task[] work =
        [
            .. Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
            {
                while (true)
                {
                    int number = Interlocked.Increment(ref next);
                    TestBlob blob = CrashContent.Blob(number);
                    await store.WriteAllAsync(blob.Digest, blob.Content, CancellationToken.None);
                    Say(store, output, $"blob {number}");
                    if (number % 20 == 0)
                        await store.Spool.SealAsync(static _ => true, CancellationToken.None);
                }
            })),
            Task.Run(async () =>
            {
                for (int version = first; ; version++)
                {
                    int key = version % CrashContent.Keys;
                    await store.WriteAllAsync(CrashContent.Key(key), CrashContent.Value(key, version), CancellationToken.None);
                    Say(store, output, $"value {key} {version}");
                }
            }),
            Task.Run(async () =>
            {
                while (true)
                    await store.Maintenance.TendAsync(CancellationToken.None);
            }),
        ];
        await await Task.WhenAny(work); // none ends but by a fault
    }

    private void Say(S3Store store, TextWriter output, string line)
    {
        if (!isSafe)
        {
            lock (flushing)
                store.Spool.Flush();
        }

        output.WriteLine(line);
    }
}
