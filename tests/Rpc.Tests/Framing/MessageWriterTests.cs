using System.Buffers;
using System.IO.Pipelines;
using FsCheck;
using FsCheck.Fluent;
using RemoteExec.Rpc.Framing;

namespace RemoteExec.Rpc.Tests.Framing;

public sealed class MessageWriterTests
{
    private readonly Pipe pipe = new();

    [Fact]
    public void What_is_written_is_read_again()
    {
        Prop.ForAll(ArbMap.Default.ArbFor<byte[][]>(), messages => Run(messages).GetAwaiter().GetResult()).QuickCheckThrowOnFailure();

        static async Task Run(byte[][] messages)
        {
            var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
            var writer = new MessageWriter(pipe.Writer);
            for (int i = 0; i < messages.Length; i++)
            {
                if (i % 2 == 0)
                {
                    writer.Start(messages[i].Length);
                    writer.Write(messages[i]);
                }
                else
                {
                    messages[i].CopyTo(writer.Reserve(messages[i].Length));
                    writer.Commit();
                }
            }

            await writer.FlushAsync(CancellationToken.None);
            await pipe.Writer.CompleteAsync();
            var reader = new MessageReader(pipe.Reader, int.MaxValue);
            foreach (byte[] message in messages)
            {
                Assert.True(await reader.MoveNextAsync(CancellationToken.None));
                Assert.Equal(message, reader.Current.ToArray());
            }

            Assert.False(await reader.MoveNextAsync(CancellationToken.None));
        }
    }

    [Fact]
    public void Headers_are_asked_for_once_before_the_first_message()
    {
        int asked = 0;
        var writer = new MessageWriter(pipe.Writer, () => asked++);
        writer.Reserve(10);
        Assert.Equal((0, false), (asked, writer.HasStarted));

        writer.Start(0);
        writer.Start(0);

        Assert.Equal((1, true), (asked, writer.HasStarted));
    }

    [Fact]
    public void A_message_has_exactly_the_announced_length()
    {
        var writer = new MessageWriter(pipe.Writer);
        writer.Start(3);
        writer.GetSpan(4);
        writer.Advance(2);

        Assert.True(writer.IsInsideMessage);
        Assert.Throws<InvalidOperationException>(() => writer.Start(1));
        Assert.Throws<InvalidOperationException>(() => writer.Reserve(1));
        Assert.Throws<InvalidOperationException>(() => writer.Advance(2));
        writer.Advance(1);
        Assert.False(writer.IsInsideMessage);
    }

    [Fact]
    public void Nothing_can_be_committed_that_was_not_reserved_or_was_forgotten()
    {
        var writer = new MessageWriter(pipe.Writer);
        Assert.Throws<InvalidOperationException>(writer.Commit);

        writer.Reserve(10);
        writer.Start(0);

        Assert.Throws<InvalidOperationException>(writer.Commit);
    }

    [Fact]
    public async Task A_closed_writer_refuses_everything_and_one_in_use_cannot_be_closed()
    {
        var writer = new MessageWriter(pipe.Writer);
        writer.Start(1);
        Assert.False(writer.TryClose());
        writer.GetSpan(1);
        writer.Advance(1);
        writer.Reserve(1);
        Assert.False(writer.TryClose());
        writer.Commit();

        Assert.True(writer.TryClose());

        Assert.Throws<OperationCanceledException>(() => writer.Start(1));
        Assert.Throws<OperationCanceledException>(() => writer.Reserve(1));
        await Assert.ThrowsAsync<OperationCanceledException>(async () => await writer.FlushAsync(Methods.Token));
    }

    [Fact]
    public async Task A_flush_to_a_peer_that_reads_no_more_is_a_cancellation()
    {
        var writer = new MessageWriter(pipe.Writer);
        await pipe.Reader.CompleteAsync();
        writer.Start(0);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await writer.FlushAsync(Methods.Token));
    }
}
