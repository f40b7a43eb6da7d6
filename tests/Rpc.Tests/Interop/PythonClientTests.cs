using Google.Protobuf;
using Google.Rpc;
using RemoteExec.TestKit;
using Status = Google.Rpc.Status;

namespace RemoteExec.Rpc.Tests.Interop;

/// <summary>Our server as the gRPC of C++ and Python sees it.</summary>
public sealed class PythonClientTests(PythonClient client) : IClassFixture<PythonClient>
{
    private const string Serving = "0801";

    [Theory]
    [InlineData("unary", Serving)]
    [InlineData("unix", Serving)]
    [InlineData("tls", Serving)]
    [InlineData("large", Serving)]
    [InlineData("client stream", "08c0843d")]
    public void Calls_are_answered(string call, string answer) => Assert.Equal(("OK", answer), (client[call].Code, client[call].Value.GetString()));

    [Fact]
    public void Compressed_requests_are_answered() => Assert.Equal(("OK", 2), (client["gzip"].Code, client["gzip"].Value.GetInt32()));

    [Fact]
    public void A_thousand_calls_at_once_are_answered() => Assert.Equal(("OK", 2000), (client["thousand"].Code, client["thousand"].Value.GetInt32()));

    [Fact]
    public void Streams_arrive_in_order()
    {
        Assert.Equal([Serving, "", "0802"], client["server stream"].Value.EnumerateArray().Select(message => message.GetString()));
        Assert.Equal(["0a05686f737430", "0a05686f737431", "0a05686f737432"], client["duplex"].Value.EnumerateArray().Select(message => message.GetString()));
    }

    [Fact]
    [Rule("BSW-07")]
    public void An_early_answer_reaches_a_client_that_is_still_sending()
    {
        Assert.Equal(("OK", "08808004"), (client["early answer"].Code, client["early answer"].Value.GetString()));
        Assert.Equal(("RESOURCE_EXHAUSTED", "no quota"), (client["early failure"].Code, client["early failure"].Message));
    }

    [Fact]
    [Rule("GEN-02")]
    public void Failures_come_with_message_and_details()
    {
        PythonClient.Outcome failure = client["failure"];
        Status status = Status.Parser.ParseFrom(Convert.FromHexString(failure.Details!));

        Assert.Equal(("FAILED_PRECONDITION", "häh: 100% – 漢字"), (failure.Code, failure.Message));
        Assert.Equal(((int)StatusCode.FailedPrecondition, failure.Message), (status.Code, status.Message));
        Assert.Equal("MISSING", Assert.Single(Assert.Single(status.Details).Unpack<PreconditionFailure>().Violations).Type);
    }

    [Fact]
    [Rule("GEN-02")]
    public void Details_that_are_too_long_do_not_hide_the_status()
    {
        Assert.Equal("FAILED_PRECONDITION", client["many details"].Code);
        Assert.InRange(Status.Parser.ParseFrom(Convert.FromHexString(client["many details"].Details!)).Details.Count, 10, 99);
    }

    [Fact]
    public void A_stream_that_fails_has_its_status() => Assert.Equal(("DATA_LOSS", "lost"), (client["failing stream"].Code, client["failing stream"].Message));

    [Fact]
    [Rule("GEN-07")]
    public void What_is_not_offered_is_UNIMPLEMENTED() => Assert.Equal("UNIMPLEMENTED", client["unknown"].Code);

    [Fact]
    [Rule("RMD-01")]
    public void Binary_metadata_goes_both_ways() => Assert.Equal("00ff0709", client["metadata"].Value.GetProperty("x-echo-bin").GetString());

    [Fact]
    public void Deadlines_and_cancellations_reach_the_handlers()
    {
        Assert.Equal("DEADLINE_EXCEEDED", client["deadline"].Code);
        Assert.Equal("CANCELLED", client["cancelled"].Code);
        Assert.Equal(2, client.Cancellations);
    }

    [Fact]
    [Rule("RFL-01")]
    public void Reflection_lists_the_services() => Assert.Contains("grpc.health.v1.Health", Assert.Single(client["reflection"].Value.EnumerateArray()).GetString(), StringComparison.Ordinal);
}
