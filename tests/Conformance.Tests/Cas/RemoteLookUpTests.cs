using System.Buffers;
using RemoteExec.Cas;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Rpc.Server;
using RemoteExec.TestKit;

namespace RemoteExec.Conformance.Tests.Cas;

/// <summary>What a store that is another server makes of that server's answers to look-ups.</summary>
public sealed class RemoteLookUpTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static Digest[] Some { get; } = [.. Enumerable.Range(0, 40).Select(i => TestBlob.Random(i, 50 + i).Digest)];

    [Fact]
    [Rule("CAS-01")]
    public async Task More_than_a_call_can_ask_is_answered_in_order_and_once()
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob there = await server.AddAsync(TestBlob.Random(1, 10));
        Digest[] absent = [.. Enumerable.Range(0, 23_000).Select(i => TestBlob.Random(i, 64 + (i % 7)).Digest)];

        IReadOnlyCollection<Digest> missing = await StoreOf(server).FindMissingAsync([.. absent, there.Digest, absent[5], absent[22_000].WithoutSize(), .. absent.Take(3)], Token);

        Assert.Equal([.. absent, absent[22_000].WithoutSize()], missing);
    }

    [Fact]
    public async Task Digests_of_several_functions_and_instances_are_asked_apart()
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob there = await server.AddAsync(TestBlob.Random(1, 10));
        Digest other = Digest.Create(InstanceName.Parse("other"), there.Digest.Function, there.Digest.HashSpan, there.Digest.SizeBytes);
        Digest blake = Digest.Create(there.Digest.Instance, DigestFunction.Blake3, there.Digest.HashSpan, there.Digest.SizeBytes);

        Assert.Equal([other, blake], await StoreOf(server).FindMissingAsync([other, there.Digest, blake, other], Token));
    }

    [Fact]
    public async Task An_instance_may_have_another_name_there()
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = TestBlob.Random(1, 3 << 20), small = TestBlob.Random(2, 20);
        Digest there = Digest.Create(InstanceName.Parse("main/team"), blob.Digest.Function, blob.Digest.HashSpan, blob.Digest.SizeBytes);
        var store = new RemoteStore(server.Channel, TimeSpan.Zero, TimeProvider.System, InstanceName.Parse("main/team"));

        await store.WriteAllAsync(blob.Digest, blob.Content, Token);
        await store.WriteAllAsync(small.Digest, small.Content, Token);

        Assert.Equal([Some[0]], await store.FindMissingAsync([blob.Digest, Some[0], small.Digest], Token));
        Assert.Equal(blob.Content, await store.ReadAllAsync(blob.Digest, 4 << 20, Token));
        Assert.True(await server.Store.ContainsAsync(there, Token));
        Assert.False(await server.Store.ContainsAsync(blob.Digest, Token));
    }

    [Fact]
    public async Task An_answer_in_another_order_or_with_repetitions_is_put_right()
    {
        Assert.Equal([Some[3], Some[7], Some[9]], await AskAsync(Answer(Some[9], Some[3], Some[7], Some[3])));
    }

    [Fact]
    public async Task What_was_not_asked_is_not_missing()
    {
        Assert.Equal([Some[3]], await AskAsync(Answer(TestBlob.Random(99, 9).Digest, Some[3])));
    }

    [Fact]
    public async Task An_answer_with_fields_of_a_later_version_is_understood()
    {
        byte[] later = [.. Answer(Some[3]), 0x78, 0x01]; // field 15

        Assert.Equal([Some[3]], await AskAsync(later));
    }

    [Theory]
    [InlineData("12-05-01")] // a digest that is cut off
    [InlineData("12-04-0A-02-61-62")] // one with a hash of two characters
    [InlineData("FF")]
    public async Task Nonsense_is_no_answer(string message)
    {
        byte[] nonsense = Convert.FromHexString(message.Replace("-", "", StringComparison.Ordinal));

        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await AskAsync(nonsense));
    }

    private static RemoteStore StoreOf(CasServer server) => new(server.Channel, TimeSpan.Zero, TimeProvider.System);

    private static byte[] Answer(params IEnumerable<Digest> missing)
    {
        var answer = new Reapi.FindMissingBlobsResponse();
        answer.MissingBlobDigests.AddRange(missing.Select(digest => digest.ToProto()));
        return Google.Protobuf.MessageExtensions.ToByteArray(answer);
    }

    private static async Task<IReadOnlyCollection<Digest>> AskAsync(byte[] answer)
    {
        RpcService service = new RpcService(Reapi.RemoteExecutionReflection.Descriptor, "ContentAddressableStorage").Raw("FindMissingBlobs", async call =>
        {
            await call.Requests.ReadSingleAsync(call.CancellationToken);
            call.Responses.Start(answer.Length);
            call.Responses.Write(answer);
        });
        await using InProcessServer server = await InProcessServer.StartAsync(service);
        return await new RemoteStore(server.Channel, TimeSpan.Zero, TimeProvider.System).FindMissingAsync(Some, Token);
    }
}
