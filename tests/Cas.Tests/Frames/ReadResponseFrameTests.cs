using System.Buffers;
using System.IO.Pipelines;
using FsCheck;
using FsCheck.Fluent;
using Google.Bytestream;
using Google.Protobuf;
using RemoteExec.Cas.Frames;
using RemoteExec.Cas.Stores;
using RemoteExec.Rpc.Framing;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Frames;

public sealed class ReadResponseFrameTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(16_383)]
    [InlineData(16_384)]
    [InlineData(ReadResponseFrame.MaxDataBytes)]
    public async Task A_message_is_what_the_protobuf_library_would_have_written(int length)
    {
        TestBlob blob = TestBlob.Random(1, length + 10);
        var store = new MemoryStore(10_000_000);
        await store.WriteAllAsync(blob.Digest, blob.Content, TestContext.Current.CancellationToken);
        await using BlobReader? reader = await store.OpenReadAsync(blob.Digest, 0, TestContext.Current.CancellationToken);
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        var writer = new MessageWriter(pipe.Writer);

        await ReadResponseFrame.WriteAsync(writer, reader!, blob.Digest, length, TestContext.Current.CancellationToken);
        await writer.FlushAsync(TestContext.Current.CancellationToken);

        var expected = new ReadResponse { Data = ByteString.CopyFrom(blob.Content, 0, length) };
        var messages = new MessageReader(pipe.Reader, 10_000_000);
        Assert.True(await messages.MoveNextAsync(TestContext.Current.CancellationToken));
        Assert.Equal(expected.ToByteArray(), messages.Current.ToArray());
        Assert.InRange(messages.Current.Length + 5, 1, 1 << 20);
    }

    [Fact]
    public async Task A_blob_that_ends_too_early_leaves_no_trace_of_a_message()
    {
        TestBlob blob = TestBlob.Random(2, 100);
        var store = new MemoryStore(1000);
        await store.WriteAllAsync(blob.Digest, blob.Content, TestContext.Current.CancellationToken);
        await using BlobReader? reader = await store.OpenReadAsync(blob.Digest, 0, TestContext.Current.CancellationToken);
        var pipe = new Pipe();
        var writer = new MessageWriter(pipe.Writer);

        await Assert.ThrowsAsync<BlobCorruptException>(
            async () => await ReadResponseFrame.WriteAsync(writer, reader!, blob.Digest, 101, TestContext.Current.CancellationToken));

        Assert.False(writer.IsInsideMessage);
        await pipe.Writer.CompleteAsync();
        Assert.True((await pipe.Reader.ReadAsync(TestContext.Current.CancellationToken)).Buffer.IsEmpty);
    }

    [Fact]
    public void Messages_cut_anywhere_are_read_in_place() =>
        Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), ArbMap.Default.ArbFor<byte[]>(), (content, cuts) =>
        {
            byte[] message = [.. new ReadResponse { Data = ByteString.CopyFrom(content) }.ToByteArray(), 0x08, 0x01];
            return ReadResponseFrame.TryParse(SplitSequence.Of(message, [.. cuts.Select(cut => cut % 7)]), out ReadOnlySequence<byte> data)
                && data.ToArray().AsSpan().SequenceEqual(content);
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("5203AABB")]
    [InlineData("52")]
    [InlineData("FF")]
    public void What_is_no_ReadResponse_is_refused(string hex) =>
        Assert.False(ReadResponseFrame.TryParse(new ReadOnlySequence<byte>(Convert.FromHexString(hex)), out _));
}
