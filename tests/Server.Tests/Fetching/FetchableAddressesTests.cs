using System.Net;
using RemoteExec.Fetching;

namespace RemoteExec.Server.Tests.Fetching;

public sealed class FetchableAddressesTests
{
    private readonly FetchableAddresses closed = new(allowsPrivate: false), open = new(allowsPrivate: true);

    [Theory]
    [InlineData("1.1.1.1")]
    [InlineData("8.8.8.8")]
    [InlineData("172.15.255.255")]
    [InlineData("172.32.0.0")]
    [InlineData("100.63.255.255")]
    [InlineData("100.128.0.0")]
    [InlineData("223.255.255.255")]
    [InlineData("2606:4700::1111")]
    [InlineData("::ffff:1.1.1.1")]
    [InlineData("64:ff9b::1.1.1.1")] // as DNS64 answers it where there is no IPv4
    public void What_everybody_can_reach_may_be_fetched(string address)
    {
        Assert.True(closed.Contains(IPAddress.Parse(address)));
        Assert.True(open.Contains(IPAddress.Parse(address)));
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.255.255.255")]
    [InlineData("10.0.0.1")]
    [InlineData("172.16.0.1")]
    [InlineData("172.31.255.255")]
    [InlineData("192.168.0.1")]
    [InlineData("100.64.0.1")]
    [InlineData("::1")]
    [InlineData("fd12:3456::1")]
    [InlineData("fc00::1")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::ffff:10.1.2.3")]
    [InlineData("64:ff9b::192.168.0.1")]
    public void What_is_private_takes_a_word(string address)
    {
        Assert.False(closed.Contains(IPAddress.Parse(address)));
        Assert.True(open.Contains(IPAddress.Parse(address)));
    }

    [Theory]
    [InlineData("169.254.169.254")] // what tells credentials in most clouds
    [InlineData("fd00:ec2::254")]
    [InlineData("::ffff:169.254.169.254")]
    [InlineData("64:ff9b::169.254.169.254")]
    [InlineData("169.254.0.1")]
    [InlineData("fe80::1")]
    [InlineData("fec0::1")]
    [InlineData("0.0.0.0")]
    [InlineData("0.1.2.3")]
    [InlineData("::")]
    [InlineData("192.0.0.1")]
    [InlineData("192.0.2.1")]
    [InlineData("198.18.0.1")]
    [InlineData("198.51.100.1")]
    [InlineData("203.0.113.1")]
    [InlineData("224.0.0.1")]
    [InlineData("240.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("ff02::1")]
    [InlineData("2001::1")] // Teredo: an IPv4 address inside
    [InlineData("2002:7f00:1::")] // 6to4: another
    [InlineData("2001:db8::1")]
    [InlineData("3fff::1")]
    [InlineData("::127.0.0.1")]
    [InlineData("4000::1")]
    public void What_is_for_something_else_is_never_fetched(string address)
    {
        Assert.False(closed.Contains(IPAddress.Parse(address)));
        Assert.False(open.Contains(IPAddress.Parse(address)));
    }

    [Theory]
    [InlineData("https://issuer.example/keys", null)]
    [InlineData("https://127.0.0.1:8443/keys", null)] // which is checked when it is connected to
    [InlineData("http://localhost:8080/keys", null)]
    [InlineData("http://127.0.0.1:8080/keys", null)]
    [InlineData("http://[::1]/keys", null)]
    [InlineData("http://issuer.example/keys", "is not https://")]
    [InlineData("http://169.254.169.254/latest/meta-data", "is not https://")]
    [InlineData("http://localhost.attacker.example/", "is not https://")]
    [InlineData("file:///etc/passwd", "is no https://")]
    [InlineData("ftp://issuer.example/keys", "is no https://")]
    [InlineData("gopher://issuer.example/", "is no https://")]
    [InlineData("https://user:password@issuer.example/", "has a user or a password")]
    [InlineData("https://issuer.example@attacker.example/", "has a user or a password")]
    public void An_address_is_https_or_on_this_machine(string address, string? problem)
    {
        string? found = FetchableAddresses.ProblemOf(new Uri(address));

        if (problem is null)
            Assert.Null(found);
        else
            Assert.StartsWith(problem, found, StringComparison.Ordinal);
    }
}
