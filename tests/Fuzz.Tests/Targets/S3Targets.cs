using System.Buffers;
using System.Buffers.Binary;
using RemoteExec.Cas.Stores.S3;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.TestKit;

namespace RemoteExec.Fuzz.Tests.Targets;

/// <summary>What comes back from a bucket: anybody who may write there may have written it. Half of the damaged ones have the right checksums.</summary>
internal static class S3Targets
{
    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new("pack-record", [Record(100), Record(0, "some/instance")], bytes =>
        {
            if (PackRecord.TryRead(bytes, out PackRecord record))
                Assert.InRange(record.Length, record.HeaderLength, long.MaxValue);
        }) { Repair = bytes => Checksum(bytes) },
        new("pack-manifest", [Manifest(0), Manifest(1), Manifest(3)], bytes =>
        {
            if (PackManifest.TryRead(bytes) is { } entries)
                Assert.All(entries, entry => Assert.InRange(entry.Offset + entry.Record.Length, 0, long.MaxValue));
        }) { Repair = RepairManifest },
    ];

    private static PackRecord Make(int length, string instance = "")
    {
        TestBlob blob = TestBlob.Random(length, length, instance);
        return new PackRecord { Digest = blob.Digest, ValueLength = length, Checksum = Crc32C.Compute(blob.Content), Hour = 490_000 };
    }

    private static byte[] Record(int length, string instance = "")
    {
        PackRecord record = Make(length, instance);
        var bytes = new byte[record.HeaderLength];
        record.Write(bytes);
        return bytes;
    }

    private static byte[] Manifest(int records)
    {
        var bytes = new ArrayBufferWriter<byte>();
        PackManifest.Write(bytes, Enumerable.Range(0, records).Select(i => new PackEntry(4096 * i, Make(i))), 1 << 20);
        return bytes.WrittenSpan.ToArray();
    }

    /// <summary>Puts the right checksum into a header, if there may be one, and returns how long it says it is.</summary>
    private static int Checksum(Span<byte> header)
    {
        if (header.Length < PackRecord.FixedLength)
            return 0;
        int length = BinaryPrimitives.ReadUInt16LittleEndian(header[4..]);
        if (length < PackRecord.FixedLength || length > header.Length)
            return 0;
        header[28..32].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(header[28..], Crc32C.Compute(header[..length]));
        return length;
    }

    private static void RepairManifest(byte[] bytes)
    {
        if (bytes.Length < PackManifest.TrailerLength)
            return;
        Span<byte> rest = bytes.AsSpan(0, bytes.Length - PackManifest.TrailerLength), trailer = bytes.AsSpan(rest.Length);
        for (Span<byte> entries = rest; entries.Length > sizeof(uint);)
        {
            int length = Checksum(entries[sizeof(uint)..]);
            if (length == 0)
                break;
            entries = entries[(sizeof(uint) + length)..];
        }

        BinaryPrimitives.WriteInt64LittleEndian(trailer[8..], rest.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(trailer[24..], Crc32C.Compute(rest));
        BinaryPrimitives.WriteUInt32LittleEndian(trailer[28..], Crc32C.Compute(trailer[..28]));
    }
}
