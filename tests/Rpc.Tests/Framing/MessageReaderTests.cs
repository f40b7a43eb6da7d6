using System.Buffers;
using System.IO.Pipelines;
using FsCheck;
using FsCheck.Fluent;
using RemoteExec.Rpc.Framing;
using RemoteExec.TestKit;

namespace RemoteExec.Rpc.Tests.Framing;

public sealed class MessageReaderTests
{
    private const int MaxBytes = 1000;

    /// <summary>Feeds a byte stream cut into pieces, and reads what is in it to the end or the failure.</summary>
    private static async Task<(List<byte[]> Messages, StatusCode End)> ReadAllAsync(byte[] stream, int[] cuts, bool gzip = true)
    {
        // Nothing is read ahead of a write, so that each piece is seen on its own.
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0, readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline));
        var messages = new List<byte[]>();
        Task<StatusCode> reading = ReadAsync(new MessageReader(pipe.Reader, MaxBytes, gzip), messages);
        int position = 0;
        foreach (int cut in cuts.Where(cut => cut > 0 && cut < stream.Length).Distinct().Order().Append(stream.Length))
        {
            await pipe.Writer.WriteAsync(stream.AsMemory(position, cut - position));
            position = cut;
        }

        await pipe.Writer.CompleteAsync();
        return (messages, await reading);
    }

    private static async Task<StatusCode> ReadAsync(MessageReader reader, List<byte[]> messages)
    {
        try
        {
            while (await reader.MoveNextAsync(CancellationToken.None))
                messages.Add(reader.Current.ToArray());
            return StatusCode.Ok;
        }
        catch (RpcException exception)
        {
            return exception.Code;
        }
    }

    private static void AssertSame((List<byte[]> Messages, StatusCode End) expected, (List<byte[]> Messages, StatusCode End) actual)
    {
        Assert.Equal(expected.End, actual.End);
        Assert.Equal(expected.Messages, actual.Messages);
    }

    [Fact]
    public void Messages_are_the_same_however_the_stream_is_cut()
    {
        Arbitrary<byte[][]> messages = Gen.ArrayOf(Gen.ArrayOf(Gen.Choose(0, 255).Select(value => (byte)value))).ToArbitrary();
        Prop.ForAll(messages, ArbMap.Default.ArbFor<PositiveInt[]>(), (sent, cuts) =>
        {
            byte[] stream = [.. sent.SelectMany((message, i) => i % 3 == 2 ? RawHttp.Frame(RawHttp.Gzip(message), 1) : RawHttp.Frame(message))];
            int[] positions = [.. cuts.Select(cut => cut.Get % (stream.Length + 1))];
            AssertSame(([.. sent], StatusCode.Ok), ReadAllAsync(stream, positions).GetAwaiter().GetResult());
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Any_bytes_end_in_the_same_way_however_they_are_cut()
    {
        Arbitrary<byte[]> small = Gen.ArrayOf(Gen.OneOf(Gen.Constant((byte)0), Gen.Constant((byte)1), Gen.Choose(0, 255).Select(value => (byte)value))).ToArbitrary();
        Prop.ForAll(small, ArbMap.Default.ArbFor<PositiveInt[]>(), (stream, cuts) => AssertSame(
            ReadAllAsync(stream, []).GetAwaiter().GetResult(),
            ReadAllAsync(stream, [.. cuts.Select(cut => cut.Get % (stream.Length + 1))]).GetAwaiter().GetResult())).QuickCheckThrowOnFailure();
    }

    [Fact]
    public async Task Every_single_cut_and_every_byte_alone_make_no_difference()
    {
        byte[][] messages = [[], [1], [2, 3, 4], [.. Enumerable.Repeat((byte)9, 300)]];
        byte[] stream = [.. messages.SelectMany(message => RawHttp.Frame(message))];

        for (int cut = 0; cut <= stream.Length; cut++)
            AssertSame(([.. messages], StatusCode.Ok), await ReadAllAsync(stream, [cut]));
        AssertSame(([.. messages], StatusCode.Ok), await ReadAllAsync(stream, [.. Enumerable.Range(0, stream.Length)]));
    }

    [Fact]
    public async Task A_stream_cut_off_anywhere_inside_a_message_is_INTERNAL()
    {
        byte[] stream = RawHttp.Frame([1, 2, 3]);

        for (int length = 1; length < stream.Length; length++)
            AssertSame(([], StatusCode.Internal), await ReadAllAsync(stream[..length], []));
    }

    [Theory]
    [InlineData(MaxBytes, StatusCode.Ok)]
    [InlineData(MaxBytes + 1, StatusCode.ResourceExhausted)]
    public async Task The_limit_is_the_last_length_that_is_allowed(int length, StatusCode end)
    {
        Assert.Equal(end, (await ReadAllAsync(RawHttp.Frame(new byte[length]), [])).End);
        Assert.Equal(end, (await ReadAllAsync(RawHttp.Frame(RawHttp.Gzip(new byte[length]), 1), [])).End);
    }

    [Fact]
    public async Task A_message_too_long_is_refused_before_it_has_arrived()
    {
        var pipe = new Pipe();
        await pipe.Writer.WriteAsync(RawHttp.Frame(new byte[MaxBytes + 1])[..5], Methods.Token);

        RpcException exception = await Assert.ThrowsAsync<RpcException>(async () => await new MessageReader(pipe.Reader, MaxBytes).MoveNextAsync(Methods.Token));

        Assert.Equal(StatusCode.ResourceExhausted, exception.Code);
    }

    [Fact]
    public async Task A_peer_that_breaks_off_is_a_cancellation()
    {
        var pipe = new Pipe();
        await pipe.Writer.WriteAsync(RawHttp.Frame([1]), Methods.Token);
        await pipe.Writer.CompleteAsync(new IOException("reset"));
        var reader = new MessageReader(pipe.Reader, MaxBytes);

        OperationCanceledException exception = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await reader.MoveNextAsync(Methods.Token));

        Assert.IsType<IOException>(exception.InnerException);
    }
}
