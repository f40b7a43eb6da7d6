using FsCheck;
using FsCheck.Fluent;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Tests.Stores.Segments;

public sealed class IndexShardTests
{
    private const int Number = 0xA7;

    [Fact]
    public void It_does_what_a_dictionary_does()
    {
        Gen<(int Operation, int Key, int Size)[]> operations =
            Gen.Choose(0, 9).SelectMany(operation => Gen.Choose(0, 300).SelectMany(key => Gen.Choose(0, 4).Select(size => (operation, key, size)))).ArrayOf(2000);
        Prop.ForAll(Arb.From(operations), steps =>
        {
            var shard = new IndexShard(Number);
            var model = new Dictionary<UInt128, IndexEntry>();
            for (int i = 0; i < steps.Length; i++)
            {
                UInt128 tag = Tag(steps[i].Key);
                switch (steps[i].Operation)
                {
                    case < 6:
                        IndexEntry entry = Entry(i, steps[i].Size);
                        bool existed = model.TryGetValue(tag, out IndexEntry before);
                        Assert.Equal(existed, shard.Set(tag, entry, out IndexEntry replaced));
                        Assert.Equal(before, replaced);
                        model[tag] = entry;
                        break;
                    case 6 when model.ContainsKey(tag):
                        shard.SetTouch(tag, Touch.Use((uint)i));
                        model[tag] = model[tag] with { Touch = Touch.Use((uint)i) };
                        break;
                    case 7 when i % 50 == 0:
                        int segment = 1 + i % 3;
                        shard.RemoveWhere(segment, (_, item) => item.LastUse % 2 == 0);
                        foreach (UInt128 gone in model.Where(item => item.Value.Place.Segment == segment && item.Value.LastUse % 2 == 0).Select(item => item.Key).ToList())
                            model.Remove(gone);
                        break;
                    default:
                        Assert.Equal(model.Remove(tag), shard.Remove(tag));
                        break;
                }
            }

            AssertHolds(model, shard);
            for (int key = 0; key <= 300; key++)
                Assert.Equal(model.ContainsKey(Tag(key)), shard.TryGet(Tag(key), out _));
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Tags_that_share_a_half_are_told_apart()
    {
        var shard = new IndexShard(Number);
        var model = new Dictionary<UInt128, IndexEntry>();
        for (int i = 0; i < 20; i++)
        {
            var tag = new UInt128(((ulong)Number << 56) | (uint)i, 42);
            shard.Set(tag, Entry(i, i % 5), out _);
            model[tag] = Entry(i, i % 5);
        }

        AssertHolds(model, shard);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(ulong.MaxValue)]
    public void Tags_may_crowd_at_either_end(ulong low)
    {
        var shard = new IndexShard(Number);
        var model = new Dictionary<UInt128, IndexEntry>();
        for (int i = 0; i < 500; i++)
        {
            var tag = new UInt128((ulong)Number << 56, low == 0 ? (ulong)i : low - (ulong)i);
            shard.Set(tag, Entry(i, i % 5), out _);
            model[tag] = Entry(i, i % 5);
        }

        AssertHolds(model, shard);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, Digest.UnknownSize)]
    [InlineData(0, 142)]
    [InlineData(300, 0xfffc)]
    [InlineData(300, 0xfffd)]
    [InlineData(300, 0xffff)]
    [InlineData(IndexSlot.LengthLimit - 1, IndexSlot.LengthLimit - 1)]
    [InlineData(0xffff_ffff, long.MaxValue)]
    public void Every_length_and_digest_size_is_kept_exactly(long length, long digestSize)
    {
        var shard = new IndexShard(Number);
        var entry = new IndexEntry(new RecordPlace(int.MaxValue, uint.MaxValue), length, digestSize, Touch.Writing(uint.MaxValue >> 2));

        shard.Set(Tag(1), entry, out _);

        Assert.True(shard.TryGet(Tag(1), out IndexEntry kept));
        Assert.Equal(entry, kept);
    }

    [Theory]
    [InlineData(2_000_000)]
    [InlineData(1_000_000)]
    public void An_entry_takes_about_38_bytes_of_memory(int entries)
    {
        var index = new SegmentIndex();
        var random = new Random(7);
        for (int i = 0; i < entries; i++)
        {
            var tag = new UInt128((ulong)random.NextInt64(long.MinValue, long.MaxValue), (ulong)random.NextInt64(long.MinValue, long.MaxValue));
            index.ShardOf(tag).Set(tag, Entry(i, 0), out _);
        }

        Assert.Equal(entries, index.Count);
        Assert.InRange((double)index.MemoryBytes / index.Count, 34, 40);
    }

    private static void AssertHolds(Dictionary<UInt128, IndexEntry> model, IndexShard shard)
    {
        var seen = new Dictionary<UInt128, IndexEntry>();
        shard.RemoveWhere(0, (tag, entry) =>
        {
            seen.Add(tag, entry);
            return false;
        });
        Assert.Equal(model.OrderBy(item => item.Key), seen.OrderBy(item => item.Key));
        Assert.Equal(model.Count, shard.Count);
        foreach ((UInt128 tag, IndexEntry entry) in model)
        {
            Assert.True(shard.TryGet(tag, out IndexEntry found));
            Assert.Equal(entry, found);
        }
    }

    private static UInt128 Tag(int key)
    {
        var random = new Random(key);
        return new UInt128(((ulong)Number << 56) | (ulong)random.NextInt64(1L << 56), (ulong)random.NextInt64(long.MinValue, long.MaxValue));
    }

    private static IndexEntry Entry(int i, int size) => new(
        new RecordPlace(1 + i % 3, (uint)i), 1000 + i, size switch { 0 => 1000 + i, 1 => Digest.UnknownSize, 2 => 142, 3 => 0xffff, _ => long.MaxValue - i }, Touch.Use((uint)i));
}
