using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.TestKit;

namespace RemoteExec.CrashHost;

/// <summary>
/// Uses a store whose disk fails by chance. All that goes wrong has to be a named exception; what was acknowledged has to be there all the while, and to be readable unless reading
/// fails, or a disk that was full made the store evict it. Says "blob N" for each acknowledged blob and at last "done", and ends as if it were killed.
/// </summary>
internal sealed class FaultScript(SegmentStoreOptions options, int seed, bool isFull)
{
    private const int InputOutputError = 5, NoSpace = 28, ReadOnlyFileSystem = 30, OverQuota = 122;

    private readonly int[] errors = isFull ? [InputOutputError, NoSpace, OverQuota] : [InputOutputError, InputOutputError, ReadOnlyFileSystem];

    private readonly Random random = new(seed);
    private readonly List<int> acknowledged = [];
    private bool mayFail;

    public async Task RunAsync()
    {
        int next = 1;
        for (int round = 0; round < 4; round++)
        {
            SegmentStore store = await OpenAsync();
            for (int step = 0; step < 120; step++)
            {
                if (random.Next(8) == 0)
                    Begin();
                else if (random.Next(4) == 0)
                    End();
                switch (random.Next(4))
                {
                    case 0:
                        await ReadAsync(store);
                        break;
                    case 1:
                        await FindAsync(store);
                        break;
                    default:
                        next = await WriteAsync(store, next, count: random.Next(1, 8));
                        break;
                }
            }

            End();
            foreach (int number in acknowledged)
                await ReadAsync(store, number);
            next = await WriteAsync(store, next, count: 1);
            if (round % 2 == 0)
                Begin();
            await store.DisposeAsync(); // a last checkpoint that can't be written costs time at the next start, and nothing else
        }

        Console.WriteLine("done");
        Process.GetCurrentProcess().Kill();
    }

    private async Task<SegmentStore> OpenAsync()
    {
        while (true)
        {
            try
            {
                return await SegmentStore.OpenAsync(options, NullLogger.Instance, TimeProvider.System, CancellationToken.None);
            }
            catch (CasException) when (mayFail)
            {
                End();
            }
        }
    }

    private void Begin()
    {
        mayFail = true;
        int error = errors[random.Next(errors.Length)];
        int after = random.Next(4), times = random.Next(3) == 0 ? int.MaxValue : random.Next(1, 3);
        bool isPartial = random.Next(2) == 0;
        DiskOperation operation = error == InputOutputError ? (DiskOperation)random.Next(4) : DiskOperation.Write;
        DiskFaults.Fail(operation, error, after, times, isPartial);
        if (error == ReadOnlyFileSystem)
            DiskFaults.Fail(DiskOperation.Names, error, 0, times, false);
    }

    private void End()
    {
        DiskFaults.End();
        mayFail = false;
    }

    private async Task<int> WriteAsync(SegmentStore store, int next, int count)
    {
        await Task.WhenAll(Enumerable.Range(next, count).Select(number => Task.Run(async () =>
        {
            TestBlob blob = CrashContent.Blob(number);
            try
            {
                await store.WriteAllAsync(blob.Digest, blob.Content, CancellationToken.None);
            }
            catch (CasException) when (mayFail || isFull)
            {
                return;
            }

            lock (acknowledged)
                acknowledged.Add(number);
            Console.WriteLine($"blob {number}");
        })));
        return next + count;
    }

    private async Task FindAsync(SegmentStore store)
    {
        foreach (int number in acknowledged.TakeLast(20))
        {
            if (!isFull && !await store.ContainsAsync(CrashContent.Blob(number).Digest, CancellationToken.None))
                throw new InvalidOperationException($"blob {number} was acknowledged and is missing");
        }
    }

    private async Task ReadAsync(SegmentStore store)
    {
        if (acknowledged.Count > 0)
            await ReadAsync(store, acknowledged[random.Next(acknowledged.Count)]);
    }

    private async Task ReadAsync(SegmentStore store, int number)
    {
        TestBlob blob = CrashContent.Blob(number);
        try
        {
            if (await store.ReadAllAsync(blob.Digest, int.MaxValue, CancellationToken.None) is not { } content)
            {
                if (isFull)
                    return;
                throw new InvalidOperationException($"blob {number} was acknowledged and is lost");
            }

            if (!content.AsSpan().SequenceEqual(blob.Content))
                throw new InvalidOperationException($"blob {number} is wrong");
        }
        catch (StoreUnavailableException) when (mayFail)
        {
            // That reading fails is told, and no loss.
        }
    }
}
