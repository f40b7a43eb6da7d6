using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Google.Protobuf.WellKnownTypes;
using RemoteExec.Rpc.Framing;
using RemoteExec.TestKit;

namespace RemoteExec.Rpc.Tests.Framing;

/// <summary>What travels in headers and trailers: timeouts, messages, statuses, bytes.</summary>
public sealed class HeaderTests
{
    /// <summary>Strings that UTF-8 can hold: no lone surrogates.</summary>
    private static readonly Arbitrary<string> Text =
        ArbMap.Default.ArbFor<string>().Generator.Select(text => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text ?? ""))).ToArbitrary();

    [Fact]
    public void A_timeout_is_never_shortened_and_little_lengthened()
    {
        Arbitrary<TimeSpan> timeouts = Gen.Choose(0, 61).SelectMany(bits => Gen.Choose(1, int.MaxValue).Select(
            value => TimeSpan.FromTicks(Math.Max(1, (long)((value / (double)int.MaxValue) * (1L << bits)))))).ToArbitrary();
        Prop.ForAll(timeouts, timeout =>
        {
            string text = RpcTimeout.Format(timeout);
            Assert.InRange(text.Length, 2, 9);
            Assert.True(RpcTimeout.TryParse(text, out TimeSpan parsed));
            Assert.True(parsed >= timeout, $"{timeout.Ticks} {text}");

            // A thousandth is the worst: 100,000 seconds that do not fit milliseconds by one.
            Assert.True(parsed - timeout <= TimeSpan.FromTicks((timeout.Ticks / 1000) + TimeSpan.TicksPerMicrosecond), $"{timeout.Ticks} {text}");
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData("1H", 36_000_000_000)]
    [InlineData("2M", 1_200_000_000)]
    [InlineData("3S", 30_000_000)]
    [InlineData("4m", 40_000)]
    [InlineData("5u", 50)]
    [InlineData("600n", 6)]
    [InlineData("0n", 0)]
    [InlineData("99999999H", 99_999_999 * 36_000_000_000)]
    public void Timeouts_of_every_unit_are_parsed(string text, long ticks)
    {
        Assert.True(RpcTimeout.TryParse(text, out TimeSpan timeout));
        Assert.Equal(ticks, timeout.Ticks);
    }

    [Theory]
    [InlineData(0, "0n")]
    [InlineData(-5, "0n")]
    [InlineData(1, "1u")]
    [InlineData(999_999_990, "99999999u")]
    [InlineData(999_999_991, "100000m")]
    [InlineData(long.MaxValue, "99999999H")]
    public void Timeouts_are_formatted_in_the_finest_unit_that_fits(long ticks, string text) =>
        Assert.Equal(text, RpcTimeout.Format(TimeSpan.FromTicks(ticks)));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("S")]
    [InlineData("1")]
    [InlineData("1x")]
    [InlineData(" 1S")]
    [InlineData("+1S")]
    [InlineData("1.5S")]
    [InlineData("123456789S")]
    public void What_is_no_timeout_is_refused(string? text) => Assert.False(RpcTimeout.TryParse(text, out _));

    [Fact]
    public void Any_message_survives_percent_encoding_as_printable_ASCII()
    {
        Prop.ForAll(Text, text =>
        {
            string encoded = Trailers.PercentEncode(text);
            Assert.DoesNotContain(encoded, character => character is < ' ' or > '~');
            Assert.Equal(text, Trailers.PercentDecode(encoded));
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData("%41", "A")]
    [InlineData("x%41", "xA")]
    [InlineData("%", "%")]
    [InlineData("%4", "%4")]
    [InlineData("%zz", "%zz")]
    [InlineData("% 1", "% 1")]
    [InlineData("%%41", "%A")]
    [InlineData("%c3%a4", "ä")]
    [InlineData("ü%41", "üA")]
    [InlineData("100% sure", "100% sure")]
    public void What_is_not_encoded_well_stands_for_itself(string encoded, string text) => Assert.Equal(text, Trailers.PercentDecode(encoded));

    [Fact]
    [Rule("GEN-02")]
    public void Any_status_of_usual_size_survives_its_trailers()
    {
        Prop.ForAll(Gen.Choose(0, 16).ToArbitrary(), Text, ArbMap.Default.ArbFor<byte[][]>(), (code, message, values) =>
        {
            string usual = message[..Math.Min(message.Length, 40)].TrimEnd('\ud800');
            usual = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(usual));
            var status = new RpcStatus((StatusCode)code, usual)
            {
                Details = [.. values.Take(10).Select(value => Any.Pack(new BytesValue { Value = Google.Protobuf.ByteString.CopyFrom(value) }))],
            };

            RpcStatus decoded = Trailers.Decode(Trailers.Encode(status));

            Assert.Equal((status.Code, status.Message), (decoded.Code, decoded.Message));
            Assert.Equal(status.Details, decoded.Details);
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData("17")]
    [InlineData("-1")]
    [InlineData("x")]
    [InlineData("99999999999")]
    public void A_code_that_is_none_is_UNKNOWN(string code) => Assert.Equal(StatusCode.Unknown, Trailers.Decode(new() { { "grpc-status", code } }).Code);

    [Fact]
    public void Details_that_are_damaged_are_left_out()
    {
        RpcStatus status = Trailers.Decode(new() { { "grpc-status", "5" }, { "grpc-status-details-bin", "GgX/" } });

        Assert.Equal(StatusCode.NotFound, status.Code);
        Assert.Empty(status.Details);
    }

    [Fact]
    [Rule("RMD-01")]
    public void Any_bytes_survive_a_binary_entry_padded_or_not()
    {
        Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes =>
        {
            var metadata = new RpcMetadata { { "padded-bin", Convert.ToBase64String(bytes) } };
            metadata.AddBinary("bare-bin", bytes);

            Assert.Equal(bytes, metadata.GetBinary("padded-bin"));
            Assert.Equal(bytes, metadata.GetBinary("Bare-Bin"));
            Assert.DoesNotContain('=', metadata.Get("bare-bin")!);
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [Rule("RMD-01")]
    [InlineData(767)]
    [InlineData(768)]
    [InlineData(769)]
    [InlineData(20_000)]
    public void Many_bytes_survive_it_too(int count)
    {
        byte[] bytes = [.. Enumerable.Range(0, count).Select(i => (byte)i)];
        var metadata = new RpcMetadata { { "padded-bin", Convert.ToBase64String(bytes) } };
        metadata.AddBinary("bare-bin", bytes);

        Assert.Equal(bytes, metadata.GetBinary("padded-bin"));
        Assert.Equal(bytes, metadata.GetBinary("bare-bin"));
    }

    [Theory]
    [InlineData("A")]
    [InlineData("A===")]
    [InlineData("ab!d")]
    [InlineData("äöüä")]
    public void What_is_no_base64_is_no_value(string text) => Assert.Null(new RpcMetadata { { "x-bin", text } }.GetBinary("x-bin"));

    [Fact]
    public void A_binary_key_must_end_in_bin() => Assert.Throws<ArgumentException>(() => new RpcMetadata().AddBinary("x", []));
}
