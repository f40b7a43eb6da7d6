using Google.Protobuf;
using RemoteExec.Protocol.Wire;
using RemoteExec.TestKit;

namespace RemoteExec.Protocol.Tests.Wire;

public sealed class DigestMessageTests
{
    public static TheoryData<DigestFunction, long> Digests { get; } = new MatrixTheoryData<DigestFunction, long>(DigestFunctions.Supported, [0, 1, 127, 128, 1L << 40, long.MaxValue]);

    [Theory]
    [MemberData(nameof(Digests))]
    [Rule("DIG-01")]
    public void A_digest_is_written_as_the_generated_code_writes_it_and_read_back(DigestFunction function, long size)
    {
        var hash = new byte[function.HashLength()];
        new Random(1).NextBytes(hash);
        Digest digest = Digest.Create(InstanceName.Parse("a/b"), function, hash, size);
        var buffer = new byte[DigestMessage.MaxLength];

        int length = DigestMessage.Write(buffer, digest);

        Assert.Equal(digest.ToProto().ToByteArray(), buffer[..length]);
        Assert.Equal(length, DigestMessage.LengthOf(digest));
        Assert.True(DigestMessage.TryRead(buffer.AsSpan(0, length), digest.Instance, function, out Digest read));
        Assert.Equal(digest, read);
    }

    [Theory]
    [InlineData(DigestFunction.Unknown, 64, 1, true)] // SHA-256 by its length
    [InlineData(DigestFunction.Blake3, 64, 1, true)]
    [InlineData(DigestFunction.Sha256, 62, 1, false)]
    [InlineData(DigestFunction.Sha256, 66, 1, false)]
    [InlineData(DigestFunction.Unknown, 66, 1, false)]
    [InlineData(DigestFunction.Vso, 66, 1, false)]
    [InlineData(DigestFunction.Sha256, 64, -1, false)]
    [InlineData(DigestFunction.Sha256, 0, 0, false)]
    [Rule("DIG-08")]
    [Rule("DIG-09")]
    public void Only_good_digests_are_read(DigestFunction function, int digits, long size, bool isGood)
    {
        byte[] message = new Reapi.Digest { Hash = new string('b', digits), SizeBytes = size }.ToByteArray();

        Assert.Equal(isGood, DigestMessage.TryRead(message, default, function, out _));
        Assert.Equal(isGood, Digest.TryParse(default, function, Reapi.Digest.Parser.ParseFrom(message), out _, out _));
    }

    [Fact]
    public void Whatever_is_read_the_generated_code_reads_the_same()
    {
        var random = new Random(1);
        byte[] good = new Reapi.Digest { Hash = new string('7', 64), SizeBytes = 300 }.ToByteArray();
        int read = 0;
        for (int i = 0; i < 20_000; i++)
        {
            byte[] message = [.. good[..random.Next(1, good.Length + 1)], .. good[..random.Next(good.Length)]];
            message[random.Next(message.Length)] = (byte)random.Next(256);
            if (!DigestMessage.TryRead(message, default, DigestFunction.Sha256, out Digest digest))
                continue;
            read++;
            Assert.Equal(digest.ToProto(), Reapi.Digest.Parser.ParseFrom(message));
        }

        Assert.NotEqual(0, read);
    }
}
