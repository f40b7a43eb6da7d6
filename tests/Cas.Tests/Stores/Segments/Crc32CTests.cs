using System.Numerics;
using FsCheck;
using FsCheck.Fluent;
using RemoteExec.Cas.Stores.Segments;

namespace RemoteExec.Cas.Tests.Stores.Segments;

public sealed class Crc32CTests
{
    [Fact]
    public void The_check_value_of_the_catalogue_comes_out() => Assert.Equal(0xE3069283u, Crc32C.Compute("123456789"u8));

    [Fact]
    public void However_the_content_is_cut_the_checksum_is_that_of_one_byte_after_the_other() =>
        Prop.ForAll(
            ArbMap.Default.ArbFor<int>(), ArbMap.Default.ArbFor<NonNegativeInt>(), ArbMap.Default.ArbFor<NonNegativeInt>(),
            (seed, length, cut) =>
            {
                byte[] content = StoreFolder.Content(seed, length.Get * 397 % 20_000);
                int at = content.Length == 0 ? 0 : cut.Get * 131 % content.Length;
                uint expected = uint.MaxValue;
                foreach (byte value in content)
                    expected = BitOperations.Crc32C(expected, value);

                var crc = new Crc32C();
                crc.Append(content.AsSpan(0, at));
                crc.Append(content.AsSpan(at));

                Assert.Equal(~expected, crc.Value);
            }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(512)]
    [InlineData(513)]
    [InlineData(767)]
    [InlineData(768)]
    [InlineData(4096)]
    [InlineData(100_001)]
    public void Vectors_of_either_width_make_the_same(int length)
    {
        Assert.SkipUnless(CrcFolding.IsSupported, "this processor has no multiplication without carry");
        byte[] content = StoreFolder.Content(1, length);
        uint wide = 12345, narrow = 12345;

        if (System.Runtime.Intrinsics.X86.Pclmulqdq.V512.IsSupported)
            Check(CrcFolding.AppendWide(ref wide, content), wide);
        Check(CrcFolding.AppendNarrow(ref narrow, content), narrow);

        void Check(int left, uint register)
        {
            uint expected = 12345;
            foreach (byte value in content.AsSpan(0, length - left))
                expected = BitOperations.Crc32C(expected, value);
            Assert.Equal(expected, register);
            Assert.InRange(left, 0, 255);
        }
    }
}
