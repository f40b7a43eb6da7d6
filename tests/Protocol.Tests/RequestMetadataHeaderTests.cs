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
}
