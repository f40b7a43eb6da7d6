using RemoteExec.Rpc.Client;

namespace RemoteExec.Rpc.Tests.Client;

public sealed class AddressTests
{
    [Theory]
    [InlineData("grpc://host:1", "http://host:1/", null, "grpc://host:1")]
    [InlineData("grpcs://host:1", "https://host:1/", null, "grpcs://host:1")]
    [InlineData("http://host", "http://host/", null, "grpc://host")]
    [InlineData("https://host", "https://host/", null, "grpcs://host")]
    [InlineData("host:8980", "http://host:8980/", null, "grpc://host:8980")]
    [InlineData("[::1]:8980", "http://[::1]:8980/", null, "grpc://[::1]:8980")]
    [InlineData("unix:/run/s", "http://localhost/", "/run/s", "unix:/run/s")]
    [InlineData("unix:///run/s", "http://localhost/", "/run/s", "unix:/run/s")]
    [InlineData("unix:relative", "http://localhost/", "relative", "unix:relative")]
    public void An_address_is_parsed_and_told_in_one_form(string text, string baseUri, string? socket, string canonical)
    {
        RpcAddress address = RpcAddress.Parse(text);

        Assert.Equal((baseUri, socket, canonical), (address.BaseUri.ToString(), address.SocketPath, address.ToString()));
        Assert.Equal(address, RpcAddress.Parse(canonical));
    }

    [Theory]
    [InlineData("")]
    [InlineData("unix:")]
    [InlineData("unix://")]
    [InlineData("ftp://host")]
    [InlineData("grpc://host/path")]
    [InlineData("grpc://")]
    [InlineData("host:notaport")]
    public void A_bad_address_is_refused_with_what_to_write(string text)
    {
        Assert.False(RpcAddress.TryParse(text, out _, out string? error));
        Assert.Contains("write", error, StringComparison.Ordinal);
        Assert.Throws<FormatException>(() => RpcAddress.Parse(text));
    }
}
