using System.Net;
using RemoteExec.Rpc.Server.Limits;

namespace RemoteExec.Rpc.Tests.Server.Limits;

public sealed class AddressUseTests
{
    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1")]
    [InlineData("::ffff:192.0.2.1", "192.0.2.1")]
    [InlineData("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::")]
    [InlineData("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::")]
    [InlineData("2001:db8:1:3::1", "2001:db8:1:3::")]
    [InlineData("fe80::1%3", "fe80::")]
    public void What_one_machine_has_counts_as_one_address(string address, string expected) =>
        Assert.Equal(IPAddress.Parse(expected), AddressUse.Of(IPAddress.Parse(address)));
}
