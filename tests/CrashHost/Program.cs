// A process that uses a segment store, or one on S3, and is killed, or whose disk is full or fails. It tells on standard output what was acknowledged to it.
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas;
using RemoteExec.Cas.Builds;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.CrashHost;
using RemoteExec.TestKit;

// What the store asks of libc by itself goes the way of all other system calls: past what was loaded before libc.
NativeLibrary.SetDllImportResolver(typeof(SegmentStore).Assembly, (name, _, _) => name == "libc" ? NativeLibrary.GetMainProgramHandle() : 0);

int Number(int index) => int.Parse(args[index], CultureInfo.InvariantCulture);

if (args[0] == "bucket")
{
    await new BucketScript(path: args[1], port: Number(2), bucket: args[3], isSafe: args[4] == "s3", first: Number(5)).RunAsync();
    return 0;
}

// Where the size of the disk is looked at, an evicted segment has to be gone at once, not once it was flushed with others.
Durability durability = args.Length > 5 ? Enum.Parse<Durability>(args[5]) : args[0] == "crowd" ? Durability.Fast : Durability.Group;
var options = new SegmentStoreOptions { Path = args[1], MaxBytes = Number(2), SegmentBytes = Number(3), Durability = durability };
if (args[0] == "faults")
{
    await new FaultScript(options, seed: Number(4), isFull: args[6] == "full").RunAsync();
    return 0;
}

if (args[0] is "reserved" or "scarce")
{
    var disk = new CrowdedDisk(options);
    await (args[0] == "reserved" ? disk.WriteIntoReservedSpaceAsync() : disk.ShrinkAsync());
    return 0;
}

// A build that writes and reads all of it, and never ends.
var builds = new LiveBuilds(TimeSpan.FromHours(1), TimeProvider.System);
if (args is ["fill", _, _, _, "1"])
    builds.Enter("all");

await using SegmentStore store = await SegmentStore.OpenAsync(options, builds, NullLogger.Instance, TimeProvider.System, CancellationToken.None);
switch (args[0])
{
    case "write":
        await WriteForeverAsync(first: Number(4));
        return 0;
    case "fill":
        return await FillAsync();
    case "crowd":
        return await CrowdAsync();
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

// Somebody else fills the disk for a while: writes are refused, what is there stays, and all is well once there is space again.
async Task<int> CrowdAsync()
{
    TestBlob[] early = [.. Enumerable.Range(0, 4).Select(number => TestBlob.Random(number, 50_000))];
    foreach (TestBlob blob in early)
        await store.WriteAllAsync(blob.Digest, blob.Content, CancellationToken.None);
    string others = Path.Combine(args[1], "others");
    try
    {
        await using FileStream file = File.Create(others, bufferSize: 0);
        while (true)
            file.Write(new byte[4096]);
    }
    catch (IOException)
    {
        Console.WriteLine("full");
    }

    // One that is as long as a segment allows, and one that is longer than all that is left to the store now.
    TestBlob[] late = [TestBlob.Random(100, 150_000), TestBlob.Random(101, 600_000)];
    foreach (TestBlob blob in late)
    {
        try
        {
            await store.WriteAllAsync(blob.Digest, blob.Content, CancellationToken.None);
            Console.WriteLine("a write was not refused");
        }
        catch (StoreFullException refusal)
        {
            Console.WriteLine($"refused: {refusal.Message}");
        }
    }

    await TellAsync("still there", early);
    File.Delete(others);
    foreach (TestBlob blob in late)
        await store.WriteAllAsync(blob.Digest, blob.Content, CancellationToken.None);
    await TellAsync("there by now", [.. early, .. late]);

    // As much as the bound allows is kept again, and no more.
    for (int number = 200; number < 240; number++)
    {
        TestBlob blob = TestBlob.Random(number, 100_000);
        await store.WriteAllAsync(blob.Digest, blob.Content, CancellationToken.None);
    }

    bool isAsBefore = store.Statistics.DiskBytes > options.MaxBytes - (2 * options.SegmentBytes) && store.Statistics.DiskBytes <= options.MaxBytes;
    Console.WriteLine(isAsBefore ? "as large as before" : $"{store.Statistics.DiskBytes} bytes");
    return 0;
}

async Task TellAsync(string words, TestBlob[] blobs)
{
    int right = 0;
    foreach (TestBlob blob in blobs)
    {
        if (await store.ReadAllAsync(blob.Digest, int.MaxValue, CancellationToken.None) is { } content && content.AsSpan().SequenceEqual(blob.Content))
            right++;
    }

    Console.WriteLine($"{right} of {blobs.Length} {words}");
}
