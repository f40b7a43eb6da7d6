using System.Buffers.Binary;
using RemoteExec.Cas.Stores.Segments;

namespace RemoteExec.Cas.Tests.Stores.Segments;

public sealed class SipHashTests
{
    [Theory] // the first and the 16th of the published vectors for 128 bits: key 00 01 … 0f, input 00 01 …
    [InlineData(0, "a3817f04ba25a8e66df67214c7550293")]
    [InlineData(1, "da87c1d86b99af44347659119b22fc45")]
    public void The_published_vectors_come_out(int length, string expected)
    {
        byte[] bytes = [.. Enumerable.Range(0, 64).Select(i => (byte)i)];

        UInt128 hash = SipHash.Compute(BinaryPrimitives.ReadUInt128LittleEndian(bytes), bytes.AsSpan(0, length));

        var result = new byte[16];
        BinaryPrimitives.WriteUInt128LittleEndian(result, hash);
        Assert.Equal(expected, Convert.ToHexStringLower(result));
    }
}
