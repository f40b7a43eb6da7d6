using FsCheck;
using FsCheck.Fluent;
using Google.Protobuf;
using RemoteExec.Execution.Operations;
using RemoteExec.Execution.Scheduling;
using RemoteExec.Protocol;

namespace RemoteExec.Execution.Tests.Scheduling;

/// <summary>What waits takes little memory, and comes out as it went in.</summary>
public sealed class PackedActionTests
{
    private static readonly Gen<string> hashes = Gen.Elements("", "ab", "AB", "not a hash", new string('0', 64), new string('f', 64), new string('7', 128));

    private static readonly Gen<Reapi.Digest?> digests =
        from hash in hashes
        from size in Gen.Elements(0L, 7L, long.MaxValue)
        from isThere in Gen.Elements(true, true, true, false)
        select isThere ? new Reapi.Digest { Hash = hash, SizeBytes = size } : null;

    private static readonly Gen<Reapi.Action> actions =
        from command in digests
        from root in digests
        from platform in Gen.Elements(null, SchedulerDriver.Platform(), SchedulerDriver.Platform(("OSFamily", "linux")))
        from doNotCache in Gen.Elements(true, false)
        from salt in Gen.Elements("", "salt")
        select new Reapi.Action
        {
            CommandDigest = command,
            InputRootDigest = root,
            Platform = platform?.Clone(),
            DoNotCache = doNotCache,
            Salt = ByteString.CopyFromUtf8(salt),
        };

    [Fact]
    public void An_action_is_the_same_after_it_was_packed() =>
        Prop.ForAll(Arb.From(actions), action =>
        {
            Reapi.Platform elsewhere = SchedulerDriver.Platform(("OSFamily", "linux"));

            Assert.Equal(action, new PackedAction(action, elsewhere).ToProto(elsewhere));
            Assert.Equal(action, new PackedAction(action, platform: null).ToProto(platform: null));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    [Fact]
    public void What_this_version_does_not_know_of_an_action_is_kept()
    {
        byte[] unknown = [0xFA, 0x06, 0x03, 1, 2, 3]; // field 111
        var action = new Reapi.Action { CommandDigest = new Reapi.Digest { Hash = new string('a', 64), SizeBytes = 1 } };
        Reapi.Action newer = Reapi.Action.Parser.ParseFrom([.. action.ToByteArray(), .. unknown]);

        Assert.Equal(newer.ToByteArray(), new PackedAction(newer, null).ToProto(null).ToByteArray());
    }

    [Theory]
    [InlineData(DigestFunction.Sha256)]
    [InlineData(DigestFunction.Sha512)]
    [InlineData(DigestFunction.Md5)]
    public void A_digest_is_the_same_after_it_was_shared(DigestFunction function)
    {
        Digest digest = IncrementalHasher.Compute(default, function, "content"u8.ToArray());

        Assert.Equal(digest, new SharedDigest(digest).Value);
    }

    [Theory]
    [InlineData("")]
    [InlineData("another")]
    [InlineData("its hash")]
    public void Request_metadata_is_the_same_after_it_was_shared(string actionId)
    {
        Digest action = SchedulerDriver.DigestOf(1);
        var metadata = new Reapi.RequestMetadata
        {
            ActionId = actionId == "its hash" ? action.Hash : actionId,
            ToolInvocationId = "i",
            CorrelatedInvocationsId = "c",
            ActionMnemonic = "m",
            TargetId = "t",
            ConfigurationId = "o",
            ToolDetails = new Reapi.ToolDetails { ToolName = "bazel", ToolVersion = "8" },
        };
        var table = new MetadataTable();

        Reapi.RequestMetadata? first = table.Share(metadata, action);
        Reapi.RequestMetadata? second = table.Share(metadata.Clone(), action);

        Assert.Equal(metadata, MetadataTable.Complete(first, action));
        Assert.Same(first!.ToolDetails, second!.ToolDetails);
        Assert.Null(table.Share(null, action));
    }
}
