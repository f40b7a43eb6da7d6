using Google.Protobuf;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Access;
using RemoteExec.Rpc.Client;
using RemoteExec.TestKit;

namespace RemoteExec.Fuzz.Tests.Targets;

/// <summary>Names, digests, directories, trees.</summary>
internal static class ProtocolTargets
{
    private static readonly Digest self = TestBlob.Of([1]).Digest;
    private static readonly string hash = Convert.ToHexStringLower(self.HashSpan);

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        FuzzTargets.OfText(
            "resource-name",
            text =>
            {
                if (ResourceName.TryParseRead(text, out ResourceName read, out _))
                    Assert.True(ResourceName.TryParseRead(ResourceName.FormatRead(read.Digest, read.Compressor), out ResourceName again, out _) && again.Digest == read.Digest);
                if (ResourceName.TryParseWrite(text, out ResourceName write, out _))
                    Assert.True(ResourceName.TryParseWrite(ResourceName.FormatWrite(write.Digest, "id", write.Compressor), out ResourceName again, out _) && again.Digest == write.Digest);
            },
            $"blobs/{hash}/1", $"a/b/blobs/{hash}/1", $"a/compressed-blobs/zstd/{hash}/17", $"blobs/blake3/{hash}/5", $"uploads/id/blobs/{hash}/1",
            $"main/uploads/0b1c/compressed-blobs/deflate/sha256/{hash}/44/name/of/file"),
        FuzzTargets.OfText(
            "digest",
            text =>
            {
                string[] parts = [.. text.Split(':'), "", ""];
                _ = int.TryParse(parts[0], out int function);
                _ = long.TryParse(parts[2], out long size);
                bool isGood = Digest.TryParse(default, (DigestFunction)function, parts[1], size, out Digest parsed, out string? error);
                Assert.NotEqual(isGood, error is not null);
                Assert.Equal(isGood, Digest.TryParse(default, (DigestFunction)function, System.Text.Encoding.UTF8.GetBytes(parts[1]), size, out Digest other));
                Assert.Equal(parsed, other);
            },
            $"0:{hash}:1", $"1:{hash}:0", $"9:{hash}:77", "2:da39a3ee5e6b4b0d3255bfef95601890afd80709:3"),
        FuzzTargets.OfText(
            "instance-name",
            text =>
            {
                bool isGood = InstanceName.TryParse(text, out InstanceName name, out string? error);
                Assert.NotEqual(isGood, error is not null);
                if (InstanceName.TryParse(System.Text.Encoding.UTF8.GetBytes(text), out InstanceName other))
                    Assert.Equal(name, other);
            },
            "", "main", "a/b/c", "remote-execution/instance_1"),
        FuzzTargets.OfText("address", text => RpcAddress.TryParse(text, out _, out _), "grpc://127.0.0.1:8980", "grpcs://cache.example:443", "unix:/run/cas.sock", "http://[::1]:80"),
        new("request-metadata", [new Reapi.RequestMetadata { ToolInvocationId = "a", CorrelatedInvocationsId = "b", ToolDetails = new() { ToolName = "bazel" } }.ToByteArray()],
            bytes => RequestMetadataHeader.Parse(bytes)),
        new("caller", [CallerHeader.Encode(new Caller("ann", "token", [new Grant(Right.ReadCas | Right.Execute, InstanceScope.All), new Grant(Right.Work, InstanceScope.Of(InstanceName.Parse("a/b")))]))], bytes =>
        {
            if (CallerHeader.Decode(bytes) is { } caller)
                Assert.Equal(caller.Grants, CallerHeader.Decode(CallerHeader.Encode(caller))!.Grants);
        }),
        new("lease", [new LeaseGrant(InstanceName.Parse("a/b"), LeaseGrant.Most, "17", "worker 7", DateTimeOffset.UnixEpoch.AddDays(20_000)).ToBytes()], bytes =>
        {
            if (LeaseGrant.Parse(bytes) is not { } grant)
                return;
            Assert.Equal(Right.None, grant.Rights & ~LeaseGrant.Most);
            Assert.Equal(grant, LeaseGrant.Parse(grant.ToBytes()));
        }),
        FuzzTargets.OfText(
            "instance-scope",
            text =>
            {
                bool isGood = InstanceScope.TryParse(text, out InstanceScope? scope, out string? error);
                Assert.NotEqual(isGood, error is not null);
                if (isGood)
                    Assert.True(InstanceScope.TryParse(scope!.ToString(), out InstanceScope? again, out _) && again == scope);
            },
            "*", "/", "main", "a/b/c"),
        new("directory", [SampleDirectory().ToByteArray(), []], bytes =>
        {
            if (FuzzTargets.Message(Reapi.Directory.Parser, bytes) is { } directory)
                Assert.NotEqual(DirectoryValidator.TryValidate(directory, self, allowAbsoluteTargets: true, out string? error), error is not null);
        }),
        new("tree", [SampleTree().ToByteArray(), new Reapi.Tree { Root = new() }.ToByteArray()], bytes =>
        {
            bool isSorted = TreeValidator.IsTopologicallySorted(bytes, self);
            Reapi.Tree? tree = FuzzTargets.Message(Reapi.Tree.Parser, bytes);
            Assert.True(tree is not null || !isSorted);
            if (tree is not null)
                Assert.NotEqual(TreeValidator.TryValidate(tree, self, allowAbsoluteTargets: false, out string? error), error is not null);
        }),
    ];

    private static Reapi.Directory SampleDirectory() => new()
    {
        Files = { new Reapi.FileNode { Name = "a", Digest = self.ToProto(), IsExecutable = true }, new Reapi.FileNode { Name = "b", Digest = self.ToProto() } },
        Directories = { new Reapi.DirectoryNode { Name = "c", Digest = self.SiblingOf(new Reapi.Directory().ToByteArray()).ToProto() } },
        Symlinks = { new Reapi.SymlinkNode { Name = "d", Target = "../a" } },
        NodeProperties = new() { UnixMode = 420, Properties = { new Reapi.NodeProperty { Name = "n", Value = "v" } } },
    };

    private static Reapi.Tree SampleTree() => new() { Root = SampleDirectory(), Children = { new Reapi.Directory() } };
}
