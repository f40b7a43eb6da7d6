using FsCheck;
using FsCheck.Fluent;
using Google.Bytestream;
using Google.Protobuf;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.Conformance.Tests.ByteStream;

public sealed class ChunkingTests
{
    /// <summary>Lengths of the messages of one upload, and after which of them its call ends and another one continues.</summary>
    private static readonly Gen<(int Length, bool EndsCall)[]> plan = Gen.ArrayOf(
        from length in Gen.Frequency((3, Gen.Choose(0, 100)), (1, Gen.Choose(0, 100_000)))
        from endsCall in Gen.Frequency((1, Gen.Constant(true)), (4, Gen.Constant(false)))
        select (length, endsCall));

    [Fact]
    [Rule("BSW-02")]
    [Rule("BSW-06")]
    [Rule("BSW-11")]
    [Rule("BSW-13")]
    public async Task However_an_upload_is_cut_and_interrupted_it_makes_the_same_blob()
    {
        await using CasServer server = await CasServer.StartAsync();
        int seed = 0;
        Property property = Prop.ForAll(Arb.From(plan), async messages =>
        {
            TestBlob blob = TestBlob.Random(Interlocked.Increment(ref seed), messages.Sum(message => message.Length));
            string name = ResourceName.FormatWrite(blob.Digest, "id");
            var call = new List<WriteRequest>();
            int offset = 0;
            foreach ((int length, bool endsCall) in messages)
            {
                call.Add(new WriteRequest
                {
                    ResourceName = call.Count == 0 ? name : "",
                    WriteOffset = offset,
                    Data = ByteString.CopyFrom(blob.Content, offset, length),
                });
                offset += length;
                if (!endsCall)
                    continue;
                Assert.Equal(offset, await server.WriteAsync(call));
                call.Clear();
            }

            call.Add(new WriteRequest { ResourceName = call.Count == 0 ? name : "", WriteOffset = offset, FinishWrite = true });
            Assert.Equal(offset, await server.WriteAsync(call));
            Assert.Equal(blob.Content, await server.ReadAsync(ResourceName.FormatRead(blob.Digest)));
        });

        // The runner blocks its thread while a case runs.
        await Task.Run(() => property.QuickCheckThrowOnFailure(), CasServer.Token);
    }
}
