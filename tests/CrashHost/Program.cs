// A process that uses a segment store and is killed, or whose disk is full. It tells on standard output what was acknowledged to it.
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.CrashHost;
using RemoteExec.TestKit;

int Number(int index) => int.Parse(args[index], CultureInfo.InvariantCulture);

var options = new SegmentStoreOptions { Path = args[1], MaxBytes = Number(2), SegmentBytes = Number(3) };
await using SegmentStore store = await SegmentStore.OpenAsync(options, NullLogger.Instance, TimeProvider.System, CancellationToken.None);
switch (args[0])
{
    case "write":
        await WriteForeverAsync(first: Number(4));
        return 0;
    case "fill":
        return await FillAsync();
    default:
        return 2;
}

// Several writers, each of which says "blob N" or "value KEY VERSION" after each commit, until the process is killed.
async Task WriteForeverAsync(int first)
{
    int next = first;
    TextWriter output = TextWriter.Synchronized(Console.Out);
    Task[] writers = [.. Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
    {
        while (true)
        {
            int number = Interlocked.Increment(ref next);
            TestBlob blob = CrashContent.Blob(number);
            await store.WriteAllAsync(blob.Digest, blob.Content, CancellationToken.None);
            output.WriteLine($"blob {number}");
        }
    }))];
    for (int version = first; ; version++)
    {
        int key = version % CrashContent.Keys;
        await store.WriteAllAsync(CrashContent.Key(key), CrashContent.Value(key, version), CancellationToken.None);
        output.WriteLine($"value {key} {version}");
        if (Array.Find(writers, writer => writer.IsFaulted) is { } failed)
            await failed;
    }
}

// Writes to a disk that is smaller than the store's bound until it is full, and then until writing works again.
async Task<int> FillAsync()
{
    int refused = 0;
    for (int number = 1, written = 0; written < 100; number++)
    {
        TestBlob blob = TestBlob.Random(number, number % 3 == 0 ? 700 : 50_000);
        try
        {
            await store.WriteAllAsync(blob.Digest, blob.Content, CancellationToken.None);
            if (await store.ReadAllAsync(blob.Digest, int.MaxValue, CancellationToken.None) is not { } content || !content.AsSpan().SequenceEqual(blob.Content))
                throw new InvalidOperationException($"blob {number} was acknowledged and is not there");
            if (refused > 0)
                written++;
        }
        catch (StoreFullException refusal)
        {
            if (refused++ == 0)
                Console.WriteLine(refusal.Message);
            if (refused > 100_000)
                throw;
        }
    }

    Console.WriteLine("works again");
    for (int number = 1; number < 1000; number++)
    {
        TestBlob blob = TestBlob.Random(number, number % 3 == 0 ? 700 : 50_000);
        if (await store.ContainsAsync(blob.Digest, CancellationToken.None)
            && (await store.ReadAllAsync(blob.Digest, int.MaxValue, CancellationToken.None))?.AsSpan().SequenceEqual(blob.Content) != true)
            throw new InvalidOperationException($"blob {number} is wrong");
    }

    Console.WriteLine("nothing is wrong");
    return 0;
}
