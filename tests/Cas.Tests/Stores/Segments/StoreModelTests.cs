using System.Buffers;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Stores.Segments;

/// <summary>
/// Random lives of a store: writes, replacements, reads, uploads that are left open or given up, checkpoints, clean ends, crashes, and damage to any of its files in between; all the
/// while it is compared with what it was told.
/// </summary>
public sealed class StoreModelTests
{
    private const int Roomy = 256 << 20;
    private const int Tight = 1 << 20;
    private const int SegmentBytes = 1 << 16;

    [Theory]
    [Rule("CAS-04")]
    [Rule("CAS-14")]
    [InlineData(Roomy, false)]
    [InlineData(Roomy, true)]
    [InlineData(Tight, false)]
    [InlineData(Tight, true)]
    public async Task A_store_has_what_it_was_given_and_nothing_else(int maxBytes, bool withDamage)
    {
        Chance chance = Chance.Create();
        for (int number = 0; number < 5 * Chance.Effort; number++)
        {
            using var folder = new StoreFolder(inMemory: true);
            await new Life(folder, chance.ForCase(number), maxBytes, withDamage).LiveAsync();
        }
    }

    private sealed class Life(StoreFolder folder, Chance chance, int maxBytes, bool withDamage)
    {
        private const int Names = 60;

        private readonly Random random = chance.Random;
        private readonly List<byte[]>?[] acknowledged = new List<byte[]>?[Names]; // by name; the last one counts, unless something was damaged
        private readonly List<string> story = [chance.ToString()];
        private long evicted;
        private bool isDamaged;
        private int version;

        public async Task LiveAsync()
        {
            for (int session = 0; session < 6; session++)
            {
                SegmentStore store = await folder.OpenAsync(maxBytes, SegmentBytes);
                await CompareAsync(store);
                List<BlobWriter> open = [];
                for (int step = random.Next(80); step > 0; step--)
                    await StepAsync(store, open);
                await CompareAsync(store);
                bool isClean = random.Next(3) == 0;
                story.Add(isClean ? "ends" : "crashes");
                await store.CloseAsync(checkpoint: isClean);
                evicted += store.Statistics.EvictedBlobs;
                foreach (BlobWriter writer in open)
                    await writer.DisposeAsync();
                if (withDamage && random.Next(2) == 0)
                    await DamageAsync();
            }
        }

        private async Task StepAsync(SegmentStore store, List<BlobWriter> open)
        {
            int name = random.Next(Names);
            switch (random.Next(14))
            {
                case < 8:
                    byte[] value = Value();
                    story.Add($"{name} = {value.Length} bytes");
                    await store.WriteAllAsync(StoreFolder.Key(name), value, StoreFolder.Token);
                    (acknowledged[name] ??= []).Add(value);
                    break;
                case < 10:
                    await CompareAsync(store, name);
                    break;
                case 10:
                    story.Add("checkpoint");
                    await store.CheckpointAsync(StoreFolder.Token);
                    break;
                case 11 when open.Count < 3:
                    story.Add($"{name} is left open");
                    byte[] left = Value();
                    BlobWriter writer = await store.OpenWriteAsync(StoreFolder.Key(name), left.Length, StoreFolder.Token);
                    open.Add(writer);
                    try
                    {
                        await writer.WriteAsync(new ReadOnlySequence<byte>(left, 0, random.Next(left.Length)), StoreFolder.Token);
                    }
                    catch (StoreUnavailableException) when (maxBytes == Tight)
                    {
                        // its space is gone
                    }

                    break;
                case 12 when open.Count > 0:
                    story.Add("one is given up");
                    await open[^1].DisposeAsync();
                    open.RemoveAt(open.Count - 1);
                    break;
            }
        }

        /// <summary>A value that tells its version: small ones, some that are streamed, a few of which each fills a segment.</summary>
        private byte[] Value()
        {
            int length = random.Next(30) == 0 ? SegmentBytes + random.Next(50_000) : random.Next(5) == 0 ? 17_000 + random.Next(20_000) : 4 + random.Next(5000);
            byte[] value = TestBlob.Random(++version, length).Content;
            BitConverter.TryWriteBytes(value, version);
            return value;
        }

        private async Task CompareAsync(SegmentStore store)
        {
            int present = 0;
            for (int name = 0; name < Names; name++)
            {
                if (await CompareAsync(store, name))
                    present++;
            }

            int known = acknowledged.Count(versions => versions is not null);
            Assert.True(isDamaged || present >= known - evicted - store.Statistics.EvictedBlobs, $"{known - present} of {known} are gone, though only {evicted} were evicted: {Story}");
            Assert.True(isDamaged || maxBytes == Tight || present == known, $"{known - present} of {known} are gone: {Story}");
        }

        private async Task<bool> CompareAsync(SegmentStore store, int name)
        {
            if (!await store.HasAsync(StoreFolder.Key(name)))
                return false;
            byte[]? found = null;
            try
            {
                found = await store.GetAsync(StoreFolder.Key(name));
            }
            catch (BlobCorruptException) when (isDamaged)
            {
                // as good as gone, below
            }

            if (found is null)
            {
                Assert.True(isDamaged && !await store.HasAsync(StoreFolder.Key(name)), $"{name} is found and can't be read: {Story}");
                return false;
            }

            IEnumerable<byte[]> right = isDamaged ? acknowledged[name] ?? [] : acknowledged[name]?.TakeLast(1) ?? [];
            Assert.True(right.Any(value => value.AsSpan().SequenceEqual(found)), $"{name} is wrong: {Story}");
            return true;
        }

        private async Task DamageAsync()
        {
            string[] files = [.. folder.Segments(), .. Directory.GetFiles(folder.Path, "checkpoint*")];
            if (files.Length == 0)
                return;
            isDamaged = true;
            string file = files[random.Next(files.Length)];
            byte[] bytes = await File.ReadAllBytesAsync(file, StoreFolder.Token);
            int start = random.Next(bytes.Length + 1), length = Math.Min(bytes.Length - start, random.Next(2) == 0 ? 1 : random.Next(10_000));
            int way = random.Next(5);
            story.Add($"{Path.GetFileName(file)} is damaged: {way}, {start} and {length} of {bytes.Length}");
            switch (way)
            {
                case 0:
                    File.Delete(file);
                    return;
                case 1:
                    bytes = bytes[..start];
                    break;
                case 2:
                    bytes.AsSpan(start, length).Clear();
                    break;
                case 3:
                    bytes = [.. bytes, .. bytes[start..]];
                    break;
                default:
                    random.NextBytes(bytes.AsSpan(start, length));
                    break;
            }

            await File.WriteAllBytesAsync(file, bytes, StoreFolder.Token);
        }

        private string Story => string.Join("; ", story);
    }
}
