using Build.Bazel.Remote.Execution.V2;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using RemoteExec.TestKit;
using Action = Build.Bazel.Remote.Execution.V2.Action;
using Directory = Build.Bazel.Remote.Execution.V2.Directory;

namespace RemoteExec.Fuzz.Tests.Calls;

/// <summary>What a server has that is fuzzed, and how it is called: blobs that are there, directories with all tricks in them, actions that can run, and names of every kind.</summary>
internal sealed class Vocabulary
{
    private static readonly string[] names =
    [
        "a", "b", "..", ".", "", "/", "a/b", "../../etc/passwd", "/etc/passwd", "A", "Ａ", "é", "e\u0301", "ß", "SS", "con", "nul\0name", "\ufffd", new string('n', 255), new string('n', 300),
        string.Concat(Enumerable.Repeat("d/", 600)), "\u202e", " ", "\n", "%2e%2e", "blobs", "uploads", "operations", "compressed-blobs", "zstd", "-", "0", "1", "OSFamily", "linux", "cpu", "1000000",
    ];

    private readonly List<TestBlob> blobs = [];
    private readonly string[] hashes;

    /// <summary>Makes one.</summary>
    public Vocabulary()
    {
        Add([]);
        Add([1, 2, 3]);
        Add(new byte[100_000]);
        var digest = blobs[1].Digest.ToProto();
        IMessage leaf = new Directory { Files = { new FileNode { Name = "f", Digest = digest } } };
        Digest child = Add(leaf.ToByteArray());
        foreach (string name in names)
        {
            Add(new Directory { Directories = { new DirectoryNode { Name = name, Digest = child } } }.ToByteArray());
            Add(new Directory { Symlinks = { new SymlinkNode { Name = "l", Target = name } } }.ToByteArray());
        }

        Add(new Directory { Files = { new FileNode { Name = "x", Digest = digest }, new FileNode { Name = "x", Digest = digest } } }.ToByteArray());
        Add(new Directory { Directories = { new DirectoryNode { Name = "missing", Digest = new Digest { Hash = new string('e', 64), SizeBytes = 7 } } } }.ToByteArray());
        Digest root = child;
        for (int depth = 0; depth < 1100; depth++)
            root = Add(new Directory { Directories = { new DirectoryNode { Name = "d", Digest = root } } }.ToByteArray());
        Digest command = Add(new Command { Arguments = { "true" }, OutputPaths = { "out" } }.ToByteArray());
        foreach (Digest inputs in (Digest[])[child, root])
            Add(new Action { CommandDigest = command, InputRootDigest = inputs, Timeout = new Duration { Seconds = 1 } }.ToByteArray());
        Add(new Tree { Root = (Directory)leaf }.ToByteArray());
        hashes = [.. blobs.TakeLast(3).Concat(blobs.Take(80)).Select(blob => blob.Digest.Hash), new string('0', 64), new string('F', 64), new string('a', 40), "", "x"];
    }

    /// <summary>What is to be in the CAS.</summary>
    public IReadOnlyList<TestBlob> Blobs => blobs;

    /// <summary>A message that is better taken as it is; null if any is as good.</summary>
    public IMessage? MessageOf(MessageDescriptor type, Random random)
    {
        if (type.ClrType == typeof(Duration))
            return new Duration { Seconds = random.Next(4) == 0 ? long.MaxValue : random.Next(3), Nanos = random.Next(4) == 0 ? -5 : 0 };
        return type.ClrType == typeof(Digest) ? blobs[random.Next(10) > 0 ? random.Next(blobs.Count / 12) : random.Next(blobs.Count)].Digest.ToProto() : null;
    }

    /// <summary>Of what type a message is that may be of any.</summary>
    public MessageDescriptor AnyType(Random random) => random.Next(2) == 0 ? Command.Descriptor : ActionResult.Descriptor;

    /// <summary>A text for a field.</summary>
    public string Text(string field, Random random)
    {
        if (random.Next(12) == 0)
            return names[random.Next(names.Length)];
        TestBlob blob = blobs[random.Next(Math.Min(blobs.Count, 60))];
        string hash = hashes[random.Next(hashes.Length)];
        return field switch
        {
            "hash" => hash,
            "instance_name" => random.Next(4) == 0 ? "team/a" : "",
            "resource_name" => random.Next(6) switch
            {
                0 => $"blobs/{blob.Digest.Hash}/{blob.Digest.SizeBytes}",
                1 => $"compressed-blobs/zstd/{blob.Digest.Hash}/{blob.Digest.SizeBytes}",
                2 => $"uploads/{new Guid(random.Next(4), 0, 0, new byte[8])}/blobs/{blob.Digest.Hash}/{blob.Digest.SizeBytes}",
                3 => $"team/a/uploads/{new Guid(random.Next(4), 0, 0, new byte[8])}/compressed-blobs/{(random.Next(2) == 0 ? "zstd" : "deflate")}/{hash}/{random.Next(100)}",
                4 => $"logstreams/{new Guid(random.Next(4), 0, 0, new byte[8])}/{hash}",
                _ => $"uploads/x/blobs/{hash}/{long.MaxValue}/{names[random.Next(names.Length)]}",
            },
            "name" => random.Next(3) == 0 ? $"operations/{new Guid(random.Next(4), 0, 0, new byte[8])}" : names[random.Next(names.Length)],
            _ => names[random.Next(names.Length)],
        };
    }

    /// <summary>Bytes for a field: most often those of a blob.</summary>
    public ByteString Bytes(Random random) => random.Next(6) == 0
        ? ByteString.CopyFrom(new byte[random.Next(2) == 0 ? random.Next(20) : random.Next(200_000)])
        : ByteString.CopyFrom(blobs[random.Next(Math.Min(blobs.Count, 60))].Content);

    private Digest Add(byte[] content)
    {
        TestBlob blob = TestBlob.Of(content);
        blobs.Add(blob);
        return blob.Digest.ToProto();
    }
}
