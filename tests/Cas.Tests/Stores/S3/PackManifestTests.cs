using System.Buffers;
using RemoteExec.Cas.Stores.S3;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Stores.S3;

/// <summary>What stands at the end of a pack.</summary>
public sealed class PackManifestTests
{
    [Fact]
    public void What_was_written_is_read()
    {
        PackEntry[] entries = Entries();

        Assert.Equal(entries, PackManifest.TryRead(Write(entries)));
        Assert.Empty(PackManifest.TryRead(Write([]))!);
    }

    [Fact]
    public void Its_length_is_told_by_its_end()
    {
        byte[] manifest = Write(Entries());
        byte[] pack = [.. new byte[1000], .. manifest];

        Assert.True(PackManifest.TryReadLength(pack, out long length));
        Assert.Equal(manifest.Length, length);
    }

    [Fact]
    public void Damage_of_any_byte_is_noticed()
    {
        byte[] manifest = Write(Entries());

        for (int i = 0; i < manifest.Length; i++)
        {
            manifest[i] ^= 0x10;
            Assert.Null(PackManifest.TryRead(manifest));
            manifest[i] ^= 0x10;
        }
    }

    [Fact]
    public void What_is_cut_is_no_manifest()
    {
        byte[] manifest = Write(Entries());

        for (int length = 0; length < manifest.Length; length++)
        {
            Assert.Null(PackManifest.TryRead(manifest.AsSpan(0, length)));
            Assert.Null(PackManifest.TryRead(manifest.AsSpan(manifest.Length - length)));
        }
    }

    [Fact]
    public void Names_are_read_as_they_were_written_and_are_in_order()
    {
        PackName early = new(12345, 0xdeadbeef), late = new(1L << 50, 1);

        Assert.True(PackName.TryParseKey(early.Key, out PackName read));
        Assert.Equal(early, read);
        Assert.True(string.CompareOrdinal(early.Key, late.Key) < 0);
        Assert.All(["packs/", "owner", early.Key + "0", early.Key[..^1], "packs/zz" + early.Key[8..]], key => Assert.False(PackName.TryParseKey(key, out _)));
    }

    private static PackEntry[] Entries()
    {
        Digest[] digests =
        [
            TestBlob.Random(1, 10).Digest, TestBlob.Random(2, 20, "some/instance").Digest, TestBlob.Random(3, 30).Digest.WithoutSize(),
            TestBlob.Random(4, 40, function: DigestFunction.Sha512).Digest, TestBlob.Random(5, 50).Digest.RecipeKey(),
        ];
        return [.. digests.Select((digest, i) => new PackEntry(4096 * i, new PackRecord { Digest = digest, ValueLength = i * 100, Checksum = (uint)i, Hour = 490_000 }))];
    }

    private static byte[] Write(IEnumerable<PackEntry> entries)
    {
        var bytes = new ArrayBufferWriter<byte>();
        PackManifest.Write(bytes, entries, 1 << 20);
        return bytes.WrittenSpan.ToArray();
    }
}
