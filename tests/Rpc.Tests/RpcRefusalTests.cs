namespace RemoteExec.Rpc.Tests;

public sealed class RpcRefusalTests
{
    [Theory]
    [InlineData(StatusCode.Unauthenticated, true)]
    [InlineData(StatusCode.PermissionDenied, true)]
    [InlineData(StatusCode.Unavailable, false)]
    [InlineData(StatusCode.NotFound, false)]
    public void A_refusal_is_found_in_what_it_has_caused(StatusCode code, bool isRefusal)
    {
        var failure = new IOException("a store has failed", new InvalidOperationException("a call has", new RpcException(code, "not you")));

        Assert.Equal(isRefusal ? "not you" : null, RpcRefusal.Find(failure));
    }

    [Fact]
    public void Nothing_is_no_refusal() => Assert.Null(RpcRefusal.Find(null));
}
