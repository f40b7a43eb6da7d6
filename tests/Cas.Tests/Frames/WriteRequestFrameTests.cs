using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Google.Bytestream;
using Google.Protobuf;
using RemoteExec.Cas.Frames;
using RemoteExec.Rpc.Framing;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Frames;

public sealed class WriteRequestFrameTests
{
    private static readonly Gen<byte[]> bytes = Gen.ArrayOf(ArbMap.Default.GeneratorFor<byte>());

    /// <summary>One encoded field: known ones with their types, unknown ones of every wire type, known numbers with the wrong wire type.</summary>
    private static readonly Gen<byte[]> field = Gen.OneOf(
        Gen.Elements("", "uploads/id/blobs/x/1", "é", new string('n', 200)).Select(name => Encode(output => { output.WriteTag(0x0A); output.WriteString(name); })),
        ArbMap.Default.GeneratorFor<long>().Select(offset => Encode(output => { output.WriteTag(0x10); output.WriteInt64(offset); })),
        ArbMap.Default.GeneratorFor<bool>().Select(finish => Encode(output => { output.WriteTag(0x18); output.WriteBool(finish); })),
        bytes.Select(data => Encode(output => { output.WriteTag(0x52); output.WriteBytes(ByteString.CopyFrom(data)); })),
        Gen.Choose(20, 100_000).Select(number => Encode(output => { output.WriteTag(number, WireFormat.WireType.Varint); output.WriteUInt64(ulong.MaxValue); })),
        Gen.Choose(20, 100_000).Select(number => Encode(output => { output.WriteTag(number, WireFormat.WireType.Fixed64); output.WriteFixed64(7); })),
        Gen.Choose(20, 100_000).Select(number => Encode(output => { output.WriteTag(number, WireFormat.WireType.Fixed32); output.WriteFixed32(7); })),
        bytes.Select(data => Encode(output => { output.WriteTag(77, WireFormat.WireType.LengthDelimited); output.WriteBytes(ByteString.CopyFrom(data)); })),
        bytes.Select(data => Encode(output =>
        {
            output.WriteTag(30, WireFormat.WireType.StartGroup);
            output.WriteTag(10, WireFormat.WireType.LengthDelimited);
            output.WriteBytes(ByteString.CopyFrom(data));
            output.WriteTag(31, WireFormat.WireType.StartGroup);
            output.WriteTag(31, WireFormat.WireType.EndGroup);
            output.WriteTag(30, WireFormat.WireType.EndGroup);
        })),
        Gen.Constant(Encode(output => { output.WriteTag(1, WireFormat.WireType.Varint); output.WriteUInt32(5); })),
        Gen.Constant(Encode(output => { output.WriteTag(10, WireFormat.WireType.Fixed32); output.WriteFixed32(5); })));

    private static byte[] Encode(Action<CodedOutputStream> write)
    {
        using var buffer = new MemoryStream();
        using (var output = new CodedOutputStream(buffer))
            write(output);
        return buffer.ToArray();
    }

    private static ReadOnlySequence<byte> Cut(byte[] message, byte[] cuts) => SplitSequence.Of(message, [.. cuts.Select(cut => cut % 7)]);

    [Fact]
    public void Fields_in_any_order_cut_anywhere_read_as_the_protobuf_library_reads_them() =>
        Prop.ForAll(Arb.From(Gen.ListOf(field)), Arb.From(bytes), (fields, cuts) =>
        {
            byte[] message = [.. fields.SelectMany(encoded => encoded)];

            WriteRequest expected = WriteRequest.Parser.ParseFrom(message);

            return WriteRequestFrame.TryParse(Cut(message, cuts), out WriteRequestFrame frame) && IsSame(expected, frame);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Any_bytes_are_either_refused_or_read_as_the_protobuf_library_reads_them() =>
        Prop.ForAll(Arb.From(Gen.ListOf(field)), ArbMap.Default.ArbFor<NonNegativeInt>(), ArbMap.Default.ArbFor<byte>(), (fields, place, value) =>
        {
            byte[] message = [.. fields.SelectMany(encoded => encoded)];
            if (message.Length > 0)
                message[place.Get % message.Length] = value;
            if (!WriteRequestFrame.TryParse(new ReadOnlySequence<byte>(message), out WriteRequestFrame frame) || !frame.TryGetResourceName(out _))
                return true;

            return IsSame(WriteRequest.Parser.ParseFrom(message), frame);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_message_that_is_cut_off_is_refused() =>
        Prop.ForAll(Arb.From(field), ArbMap.Default.ArbFor<NonNegativeInt>(), (encoded, length) =>
        {
            byte[] message = encoded[..(length.Get % encoded.Length)];
            return message.Length == 0 || !WriteRequestFrame.TryParse(new ReadOnlySequence<byte>(message), out _);
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("00")] // field number 0
    [InlineData("07")] // no wire type
    [InlineData("F401")] // the end of a group that was not begun
    [InlineData("F301FC01")] // the end of another group
    [InlineData("F301")] // a group without end
    [InlineData("10FFFFFFFFFFFFFFFFFFFF01")] // an integer of 11 bytes
    [InlineData("52FFFFFFFFFFFFFFFFFF01")] // a length of 2^64-1
    [InlineData("5201")] // data that is not there
    [InlineData("F9FFFFFFFF7F")] // a tag of more than 32 bits
    public void What_is_no_protobuf_is_refused(string hex) =>
        Assert.False(WriteRequestFrame.TryParse(new ReadOnlySequence<byte>(Convert.FromHexString(hex)), out _));

    [Fact]
    public void Groups_in_groups_end_somewhere()
    {
        byte[] deep = [.. Enumerable.Repeat((byte)0x0B, 200), .. Enumerable.Repeat((byte)0x0C, 200)];

        Assert.False(WriteRequestFrame.TryParse(new ReadOnlySequence<byte>(deep), out _));
        Assert.True(WriteRequestFrame.TryParse(new ReadOnlySequence<byte>(deep[150..250]), out _));
    }

    [Fact]
    public void A_name_that_is_no_UTF_8_is_told()
    {
        byte[] message = [0x0A, 0x02, 0xC3, 0x28];

        Assert.True(WriteRequestFrame.TryParse(new ReadOnlySequence<byte>(message), out WriteRequestFrame frame));
        Assert.False(frame.TryGetResourceName(out _));
        Assert.False(frame.ContinuesUpload("Ã("));
    }

    [Fact]
    public void What_is_written_is_read_again() =>
        Prop.ForAll(Arb.From(bytes), Arb.From(bytes), ArbMap.Default.ArbFor<NonNegativeInt>(), (data, cuts, offset) =>
        {
            byte[] name = Encoding.UTF8.GetBytes(new string('n', cuts.Length * 20));
            foreach (bool finishes in (bool[])[false, true])
            {
                var pipe = new Pipe();
                var writer = new MessageWriter(pipe.Writer);
                WriteRequestFrame.Write(writer, name, offset.Get, Cut(data, cuts), finishes);
                Assert.Equal(finishes, writer.IsInsideMessage);
                if (finishes)
                    WriteRequestFrame.Finish(writer);
                pipe.Writer.Complete();
                Assert.True(pipe.Reader.TryRead(out ReadResult result));

                var expected = new WriteRequest
                {
                    ResourceName = Encoding.UTF8.GetString(name),
                    WriteOffset = offset.Get,
                    FinishWrite = finishes,
                    Data = ByteString.CopyFrom(data),
                };
                Assert.Equal(expected, WriteRequest.Parser.ParseFrom(result.Buffer.Slice(5)));
            }
        }).QuickCheckThrowOnFailure();

    private static bool IsSame(WriteRequest expected, WriteRequestFrame frame) =>
        frame.TryGetResourceName(out string name) && name == expected.ResourceName
        && frame.WriteOffset == expected.WriteOffset && frame.FinishWrite == expected.FinishWrite
        && frame.Data.ToArray().AsSpan().SequenceEqual(expected.Data.Span);
}
