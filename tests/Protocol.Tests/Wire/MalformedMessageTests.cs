using RemoteExec.Protocol.Wire;

namespace RemoteExec.Protocol.Tests.Wire;

public sealed class MalformedMessageTests
{
    [Theory]
    [InlineData(new byte[] { 0x0a, 0xff })] // a length and nothing behind it
    [InlineData(new byte[] { 0x2a, 0x03, 0x12, 0x01, 0x10 })] // node_properties with a unix_mode that ends in the middle
    public void Bytes_that_are_no_message_are_told_from_other_failures(byte[] bytes)
    {
        Exception? exception = Record.Exception(() => Reapi.Directory.Parser.ParseFrom(bytes));

        Assert.NotNull(exception);
        Assert.True(MalformedMessage.IsReason(exception), exception.ToString());
    }

    [Fact]
    public void A_store_that_is_closed_is_no_malformed_message() =>
        Assert.False(MalformedMessage.IsReason(new ObjectDisposedException("store")));
}
