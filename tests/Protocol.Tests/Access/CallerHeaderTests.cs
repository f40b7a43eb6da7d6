using RemoteExec.Protocol.Access;

namespace RemoteExec.Protocol.Tests.Access;

public sealed class CallerHeaderTests
{
    [Fact]
    public void A_caller_is_read_as_he_was_written()
    {
        var caller = new Caller("ann", "token", [new Grant(Right.ReadCas | Right.Execute, InstanceScope.Of(InstanceName.Parse("team"))), new Grant(Right.Operate, InstanceScope.All), new Grant(Right.ReadAc, InstanceScope.Of(default)), new Grant(Right.WriteCas, InstanceScope.Only(InstanceName.Parse("team")))]);

        Caller? read = CallerHeader.Decode(CallerHeader.Encode(caller));

        Assert.Equal((caller.Name, caller.Method, false), (read!.Name, read.Method, read.IsAnonymous));
        Assert.Equal(caller.Grants, read.Grants);
        Assert.True(CallerHeader.Decode(CallerHeader.Encode(Caller.Anonymous([])))!.IsAnonymous);
    }

    [Fact]
    public void A_right_that_is_not_known_is_none()
    {
        var info = new Callers.CallerInfo { Name = "ann", Grants = { new Callers.GrantInfo { Rights = { "read-cas", "read-minds" }, Instances = "*" } } };

        Caller? read = CallerHeader.Decode(Google.Protobuf.MessageExtensions.ToByteArray(info));

        Assert.Equal([new Grant(Right.ReadCas, InstanceScope.All)], read!.Grants);
    }

    [Theory]
    [InlineData(new byte[] { 0xff })]
    [InlineData(new byte[] { 0x22, 0x03, 0x12, 0x01, 0x2f, 0x01 })]
    public void What_makes_no_sense_is_nobody(byte[] value) => Assert.Null(CallerHeader.Decode(value));

    [Fact]
    public void Every_right_has_a_name_and_every_name_a_right()
    {
        Right all = Enum.GetValues<Right>().Aggregate(Right.None, (sum, right) => sum | right);

        Assert.Equal(Enum.GetValues<Right>().Length - 1, RightNames.Of(all).Count);
        Assert.All(RightNames.Of(all), name => Assert.Equal([name], RightNames.TryParse(name, out Right right, out _) ? RightNames.Of(right) : []));
    }
}
