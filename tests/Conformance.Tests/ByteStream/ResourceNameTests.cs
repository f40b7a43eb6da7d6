using Google.Bytestream;
using Google.Protobuf;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.TestKit;

namespace RemoteExec.Conformance.Tests.ByteStream;

public sealed class ResourceNameTests
{
    private const string Id = "0b8d5a36-9d0d-4a7c-9c5b-0d2f3c7e1a55";
    private static readonly TestBlob blob = TestBlob.Random(1, 100);

    public static TheoryData<string> BadReads { get; } =
    [
        "", "/", "blobs", $"blobs/{blob.Digest.Hash}", $"/blobs/{blob.Digest.Hash}/100", $"a//blobs/{blob.Digest.Hash}/100",
        $"blobs/{blob.Digest.Hash}/-1", $"blobs/{blob.Digest.Hash}/x", $"blobs/{blob.Digest.Hash}/", $"blobs/{blob.Digest.Hash}/99999999999999999999",
        $"blobs/{blob.Digest.Hash}/100/more", $"blobs/{blob.Digest.Hash.ToUpperInvariant()}/100", $"blobs/{blob.Digest.Hash[1..]}/100",
        $"blobs/blake4/{blob.Digest.Hash}/100", $"blobs/md5/{blob.Digest.Hash}/100", $"blobs/vso/{new string('0', 66)}/100",
        $"uploads/{Id}/blobs/{blob.Digest.Hash}/100", $"logs/{blob.Digest.Hash}/100", $"actions/blobs/{blob.Digest.Hash}/100",
        $"compressed-blobs/identity/{blob.Digest.Hash}/100", $"compressed-blobs/lzma/{blob.Digest.Hash}/100", $"compressed-blobs/ZSTD/{blob.Digest.Hash}/100", $"compressed-blobs/{blob.Digest.Hash}/100",
    ];

    public static TheoryData<string> BadWrites { get; } =
    [
        "", $"blobs/{blob.Digest.Hash}/100", $"/uploads/{Id}/blobs/{blob.Digest.Hash}/100", $"uploads/blobs/{blob.Digest.Hash}/100",
        $"uploads//blobs/{blob.Digest.Hash}/100", $"uploads/{Id}/{blob.Digest.Hash}/100", $"uploads/{Id}/blobs/{blob.Digest.Hash}",
        $"uploads/{Id}/blobs/{blob.Digest.Hash}/-100", $"uploads/{Id}/blobs/{blob.Digest.Hash}/1e2", $"uploads/{Id}/blobs/{new string('z', 64)}/100",
        $"operations/uploads/{Id}/blobs/{blob.Digest.Hash}/100",
        $"uploads/{Id}/compressed-blobs/identity/{blob.Digest.Hash}/100", $"uploads/{Id}/compressed-blobs/lzma/{blob.Digest.Hash}/100",
    ];

    [Theory]
    [Rule("DIG-01")]
    [Rule("GEN-04")]
    [Rule("RES-05")]
    [Rule("RES-07")]
    [Rule("RES-09")]
    [Rule("RES-11")]
    [MemberData(nameof(BadReads))]
    public async Task A_bad_name_to_read_is_INVALID_ARGUMENT_and_named(string name)
    {
        await using CasServer server = await CasServer.StartAsync();

        RpcStatus status = await CasServer.StatusOfAsync(server.ReadAsync(name));

        Assert.Equal(StatusCode.InvalidArgument, status.Code);
        Assert.NotEmpty(status.Message);
    }

    [Theory]
    [Rule("RES-05")]
    [Rule("RES-07")]
    [Rule("RES-08")]
    [Rule("RES-11")]
    [Rule("BSQ-04")]
    [MemberData(nameof(BadWrites))]
    public async Task A_bad_name_to_write_is_INVALID_ARGUMENT(string name)
    {
        await using CasServer server = await CasServer.StartAsync();

        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, server.WriteAsync(Whole(name)));
        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, server.QueryAsync(name));
    }

    [Theory]
    [Rule("RES-01")]
    [Rule("RES-03")]
    [Rule("RES-06")]
    [Rule("RES-08")]
    [Rule("RES-09")]
    [Rule("DIG-07")]
    [Rule("GEN-03")]
    [InlineData("", "uploads/" + Id + "/blobs/{0}/100", "blobs/{0}/100")]
    [InlineData("main", "main/uploads/any-id/blobs/{0}/100", "main/blobs/{0}/100")]
    [InlineData("a/b/c", "a/b/c/uploads/" + Id + "/blobs/{0}/100/and/more//of/it", "a/b/c/blobs/{0}/100")]
    [InlineData("", "uploads/" + Id + "/blobs/sha256/{0}/100/blobs", "blobs/sha256/{0}/100")]
    public async Task An_instance_a_redundant_function_and_metadata_may_stand_in_a_name(string instance, string write, string read)
    {
        await using CasServer server = await CasServer.StartAsync();

        long committed = await server.WriteAsync(Whole(string.Format(null, write, blob.Digest.Hash)));

        Assert.Equal(100, committed);
        Assert.True(await server.HasAsync(TestBlob.Of(blob.Content, instance)));
        Assert.Equal(blob.Content, await server.ReadAsync(string.Format(null, read, blob.Digest.Hash)));
    }

    [Fact]
    [Rule("GEN-05")]
    public async Task An_instance_does_not_see_another_ones_blobs()
    {
        await using CasServer server = await CasServer.StartAsync();
        await server.WriteAsync(Whole($"a/uploads/{Id}/blobs/{blob.Digest.Hash}/100"));

        await CasServer.AssertRefusedAsync(StatusCode.NotFound, server.ReadAsync($"b/blobs/{blob.Digest.Hash}/100"));
        await CasServer.AssertRefusedAsync(StatusCode.NotFound, server.ReadAsync($"blobs/{blob.Digest.Hash}/100"));
        Assert.False((await server.QueryAsync($"uploads/{Id}/blobs/{blob.Digest.Hash}/100")).Complete);
    }

    [Fact]
    [Rule("RES-10")]
    public async Task The_routing_header_has_to_repeat_the_name()
    {
        await using CasServer server = await CasServer.StartAsync();
        string write = ResourceName.FormatWrite(blob.Digest, Id);
        string read = ResourceName.FormatRead(blob.Digest);

        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, WriteAsync(server, write, write + "x"));
        Assert.Equal(100, await WriteAsync(server, write, write));
        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, server.ReadAsync(new ReadRequest { ResourceName = read }, Header("blobs")));
        Assert.Equal(blob.Content, await server.ReadAsync(new ReadRequest { ResourceName = read }, Header(read)));
    }

    [Fact]
    [Rule("RMD-01")]
    public async Task Request_metadata_that_does_not_parse_fails_no_call()
    {
        await using CasServer server = await CasServer.StartAsync();
        await server.AddAsync(blob);

        foreach (string value in (string[])["%%%", "AAAA", "/////w", "CgUKA2Zvbw", "CgUKA2Zvbw=="])
        {
            var headers = new RpcMetadata { { RequestMetadataHeader.Name, value } };
            Assert.Equal(blob.Content, await server.ReadAsync(new ReadRequest { ResourceName = ResourceName.FormatRead(blob.Digest) }, headers));
        }
    }

    private static RpcMetadata Header(string value) => new() { { ResourceName.Header, value } };

    private static async Task<long> WriteAsync(CasServer server, string name, string header)
    {
        await using RpcClientCall call = server.OpenWrite(Header(header));
        await CasServer.SendAsync(call, Whole(name));
        await call.CompleteRequestsAsync();
        return await CasServer.AnswerAsync(call);
    }

    private static WriteRequest Whole(string name) => new() { ResourceName = name, Data = ByteString.CopyFrom(blob.Content), FinishWrite = true };
}
