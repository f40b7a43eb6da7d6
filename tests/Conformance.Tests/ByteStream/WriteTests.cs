using Google.Bytestream;
using Google.Protobuf;
using RemoteExec.Cas;
using RemoteExec.Cas.Services;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.TestKit;

namespace RemoteExec.Conformance.Tests.ByteStream;

public sealed class WriteTests
{
    private const int MiB = 1024 * 1024;

    private static string NameOf(TestBlob blob, string id = "0b8d5a36-9d0d-4a7c-9c5b-0d2f3c7e1a55") => ResourceName.FormatWrite(blob.Digest, id);

    private static WriteRequest Message(TestBlob blob, int from, int to, bool finish = false, string name = "") => new()
    {
        ResourceName = name,
        WriteOffset = from,
        Data = ByteString.CopyFrom(blob.Content, from, to - from),
        FinishWrite = finish,
    };

    private static IEnumerable<WriteRequest> Messages(TestBlob blob, int chunk, string? name = null, int from = 0)
    {
        string first = name ?? NameOf(blob);
        do
        {
            int to = Math.Min(from + chunk, blob.Content.Length);
            yield return Message(blob, from, to, to == blob.Content.Length, first);
            first = "";
            from = to;
        }
        while (from < blob.Content.Length);
    }

    [Theory]
    [Rule("RES-03")]
    [Rule("BSW-01")]
    [Rule("BSW-06")]
    [Rule("Q-06")]
    [Rule("Q-32")]
    [InlineData(1, 1)]
    [InlineData(1000, 1000)]
    [InlineData(1000, 1)]
    [InlineData(100_000, 16 * 1024)]
    [InlineData(5 * MiB, MiB)]
    [InlineData(9 * MiB, 4_000_000)]
    public async Task What_was_written_in_messages_is_stored_whole(int length, int chunk)
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = TestBlob.Random(1, length);

        Assert.Equal(length, await server.WriteAsync(Messages(blob, chunk)));

        Assert.Equal(blob.Content, await server.Store.ReadAllAsync(blob.Digest, 10 * MiB, CasServer.Token));
    }
}
