using Google.Protobuf;
using RemoteExec.TestKit;

namespace RemoteExec.Protocol.Tests;

public sealed class RequestMetadataHeaderTests
{
    [Fact]
    [Rule("RMD-02")]
    public void All_fields_are_read()
    {
        var sent = new Reapi.RequestMetadata
        {
            ToolDetails = new Reapi.ToolDetails { ToolName = "bazel", ToolVersion = "4.2.3" },
            ActionId = "a",
            ToolInvocationId = "i",
            CorrelatedInvocationsId = "c",
            ActionMnemonic = "CppCompile",
            TargetId = "//x:y",
            ConfigurationId = "k8",
        };

        Assert.Equal(sent, RequestMetadataHeader.Parse(sent.ToByteArray()));
    }

    [Fact]
    [Rule("RMD-01")]
    public void Absent_or_undecodable_metadata_is_ignored()
    {
        Assert.Null(RequestMetadataHeader.Parse(null));
        Assert.Null(RequestMetadataHeader.Parse([0x0a, 0xff]));
    }

    [Fact]
    [Rule("RMD-02")]
    public void The_name_of_the_build_is_read_without_the_rest()
    {
        var sent = new Reapi.RequestMetadata { ToolDetails = new Reapi.ToolDetails { ToolName = "bazel" }, ActionId = "a", ToolInvocationId = "ï", TargetId = "//x:y" };
        Assert.Equal("ï", new CallMetadata(sent.ToByteArray()).ToolInvocationId);
        Assert.Equal(sent, new CallMetadata(sent.ToByteArray()).Message);
        sent.MergeFrom(new byte[] { 0x98, 0x3f, 0x2a }); // field 1011, of a version to come
        Assert.Equal("ï", new CallMetadata(sent.ToByteArray()).ToolInvocationId);

        Assert.Null(new CallMetadata(new Reapi.RequestMetadata { ActionId = "a" }.ToByteArray()).ToolInvocationId);
        Assert.Null(new CallMetadata([]).ToolInvocationId);
        Assert.Null(new CallMetadata([0x0a, 0xff]).ToolInvocationId);
    }
}
