using System.Buffers.Binary;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.Fuzz.Tests.Targets;

/// <summary>What lies on the disk: headers, segments, checkpoints, a store's directory. Half of the damaged ones have the right codes and checksums.</summary>
internal static class StorageTargets
{
    private static readonly StoreKey key = StoreKey.Parse($"{new string('0', 64)} {Crc32C.Compute(new byte[32]):x8}")!;
    private static readonly RecordPlace place = new(1, 0);
    private static readonly string folder = Directory.CreateTempSubdirectory("fuzz-").FullName;
    private static readonly StorageFaults faults = new("fuzz", NullLogger.Instance, TimeProvider.System);

    static StorageTargets() => AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new("record-header", [Record(0, 100)[..96], Record(0, 100, "some/instance")[..112]], bytes =>
        {
            if (RecordHeader.TryRead(bytes, key, place, out RecordHeader header))
                Assert.InRange(header.ValueLength, 0, long.MaxValue);
        }) { Repair = Authenticate },
        new("segment", [[.. Record(0, 100), .. Record(192, 3000)], Record(0, 0)], ScanSegment) { Repair = Authenticate },
        new("checkpoint", [SampleStore.Checkpoint(Path.Combine(folder, "sample"))], ReadCheckpoint) { Repair = Checksum },
        new("store-format", [FuzzTargets.Text($"remoteexec segments\nversion 1\nkey {key}\n")], bytes =>
        {
            string path = Directory.CreateDirectory(Path.Combine(folder, "store")).FullName;
            File.WriteAllBytes(Path.Combine(path, StoreDirectory.FormatFile), bytes);
            StoreDirectory.Open(path, NullLogger.Instance).Dispose();
        }, typeof(StoreFormatException)),
    ];

    private static byte[] Record(long offset, int length, string instance = "")
    {
        TestBlob blob = TestBlob.Random(length, length, instance);
        var header = new RecordHeader(blob.Digest, 7, length, Crc32C.Compute(blob.Content));
        var bytes = new byte[header.RecordLength];
        header.Write(bytes, key, RecordPlace.At(1, offset));
        blob.Content.CopyTo(bytes, header.Length);
        return bytes;
    }

    private static void Authenticate(byte[] bytes)
    {
        if (bytes.Length < 48)
            return;
        int length = Math.Min(BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(4)), bytes.Length);
        if (length < 16)
            return;
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8), place.Packed);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8), key.Authenticate(bytes.AsSpan(0, length)));
    }

    private static void ScanSegment(byte[] bytes)
    {
        string path = Path.Combine(folder, "0000000001.seg");
        File.WriteAllBytes(path, bytes);
        SegmentFile segment = SegmentFile.Open(faults, path, 1, single: false);
        try
        {
            using var scanner = new RecordScanner(segment, key);
            foreach ((RecordPlace found, RecordHeader header) in scanner.Scan(0, CancellationToken.None))
                Assert.InRange(found.Offset + header.Length + header.ValueLength, 0, bytes.Length);
            Assert.InRange(scanner.End, 0, bytes.Length + RecordHeader.Alignment);
        }
        finally
        {
            segment.Release();
        }
    }

    private static void Checksum(byte[] bytes)
    {
        if (bytes.Length < CheckpointWriter.HeadBytes)
            return;
        int length = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(8));
        if (length >= CheckpointWriter.HeadBytes && length <= bytes.Length - 4)
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(length), Crc32C.Compute(bytes.AsSpan(0, length)));
    }

    private static void ReadCheckpoint(byte[] bytes)
    {
        string path = Path.Combine(folder, "checkpoint");
        File.WriteAllBytes(path, bytes);
        using CheckpointReader? checkpoint = CheckpointReader.TryOpen(path);
        if (checkpoint is null)
            return;
        for (int number = 0; number < SegmentIndex.Shards; number++)
        {
            var shard = new IndexShard(number);
            if (!checkpoint.TryLoad(number, shard))
                shard.Clear();
        }
    }
}
