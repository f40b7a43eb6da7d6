using Google.Bytestream;
using Google.Protobuf;
using RemoteExec.Protocol;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Benchmarks.Uploads;

/// <summary>
/// What uploads take of a real server: its memory while a thousand slow ones are under way, and its time for a long one, over both protocols, which is read back and compared.
/// </summary>
internal static class UploadLoad
{
    private const int Slow = 1000;
    private const int SlowPieces = 16;
    private const int SlowPieceBytes = 64 * 1024;
    private const long LongBytes = 2_000_000_000;
    private const long HugeBytes = (4L << 30) + 123;
    private static readonly TimeSpan pause = TimeSpan.FromSeconds(1);

    /// <summary>Measures.</summary>
    /// <param name="program">The server.</param>
    /// <param name="flags">Those of the server; before them <c>huge</c> for blobs that are longer than 32 bits can say as well.</param>
    public static async Task<int> RunAsync(string program, string[] flags)
    {
        bool huge = flags is ["huge", ..];
        await using MeasuredServer server = await MeasuredServer.StartAsync(program, huge ? flags[1..] : flags);
        await using var client = new UploadClient(server);
        await client.WriteAsync(new LongContent(1, 1000, DigestFunction.Sha256));
        await MeasureSlowAsync(server);
        await MeasureLongAsync(client, "2 GB", LongBytes, DigestFunction.Sha256);
        if (huge)
            await MeasureLongAsync(client, "4 GiB and 123 bytes", HugeBytes, DigestFunction.Sha256);
        return 0;
    }

    private static async Task MeasureSlowAsync(MeasuredServer server)
    {
        (long resident, long anonymous) = (server.ResidentBytes, server.AnonymousBytes);
        await using var client = new UploadClient(server);
        using var stop = new CancellationTokenSource();
        (long MostResident, long MostAnonymous) most = (0, 0);
        Task watching = WatchAsync();
        await Task.WhenAll(Enumerable.Range(0, Slow).Select(i => UploadSlowlyAsync(client, i)));
        await stop.CancelAsync();
        await watching;
        Console.WriteLine($"{Slow} uploads of 1 MiB at a time, 64 KiB a second each: server memory {resident >> 20} MiB before, {(most.MostResident - resident) >> 20} MiB more at most "
            + $"({(most.MostAnonymous - anonymous) >> 20} MiB of it not of files)");

        async Task WatchAsync()
        {
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
            try
            {
                do
                    most = (Math.Max(most.MostResident, server.ResidentBytes), Math.Max(most.MostAnonymous, server.AnonymousBytes));
                while (await timer.WaitForNextTickAsync(stop.Token));
            }
            catch (OperationCanceledException)
            {
                // All has been seen.
            }
        }
    }

    private static async Task UploadSlowlyAsync(UploadClient client, int number)
    {
        var content = new byte[SlowPieces * SlowPieceBytes];
        new Random(number).NextBytes(content);
        Digest digest = IncrementalHasher.Compute(default, DigestFunction.Sha256, content);
        await Task.Delay(pause * (number / (double)Slow));
        await using RpcClientCall call = client.OpenWrite();
        for (int i = 0; i < SlowPieces; i++)
        {
            var request = new WriteRequest
            {
                ResourceName = i == 0 ? UploadClient.NameOf(digest) : "",
                WriteOffset = i * SlowPieceBytes,
                Data = UnsafeByteOperations.UnsafeWrap(content.AsMemory(i * SlowPieceBytes, SlowPieceBytes)),
                FinishWrite = i == SlowPieces - 1,
            };
            if (!await call.WriteAsync(request))
                break; // the answer tells why
            await call.FlushAsync();
            await Task.Delay(pause);
        }

        await UploadClient.ExpectAsync(call, content.Length);
    }

    private static async Task MeasureLongAsync(UploadClient client, string what, long length, DigestFunction function)
    {
        var streamed = new LongContent(2, length, function);
        await client.TimeAsync($"{what} written over ByteStream", length, () => client.WriteAsync(streamed));
        await client.TimeAsync($"{what} read over HTTP", length, () => client.GetAsync(streamed, 0));
        await client.ReadAsync(streamed, length - 5);
        var put = new LongContent(3, length, function);
        await client.TimeAsync($"{what} written over HTTP", length, () => client.PutAsync(put));
        await client.TimeAsync($"{what} read over ByteStream", length, () => client.ReadAsync(put, 0));
        await client.GetAsync(put, length - 5);
    }
}
