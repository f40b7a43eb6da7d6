using RemoteExec.Execution.Operations;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.Execution.Tests.Operations;

public sealed class OperationNameTests
{
    private static readonly Guid id = new(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);

    [Theory]
    [Rule("EXE-18")]
    [InlineData("", "operations/00000001-0002-0003-0405-060708090a0b")]
    [InlineData("some/where", "some/where/operations/00000001-0002-0003-0405-060708090a0b")]
    public void A_name_is_read_as_it_is_written(string instance, string expected)
    {
        var name = new OperationName(InstanceName.Parse(instance), id);

        Assert.Equal(expected, name.ToString());
        Assert.True(OperationName.TryParse(expected, out OperationName parsed));
        Assert.Equal(name, parsed);
    }

    [Theory]
    [Rule("WEX-02")]
    [InlineData("")]
    [InlineData("operations/")]
    [InlineData("operations/00000001-0002-0003-0405-060708090a0")]
    [InlineData("operations/{00000001-0002-0003-0405-060708090a0b}")]
    [InlineData("/operations/00000001-0002-0003-0405-060708090a0b")]
    [InlineData("xoperations/00000001-0002-0003-0405-060708090a0b")]
    [InlineData("blobs/operations/00000001-0002-0003-0405-060708090a0b")]
    [InlineData("00000001-0002-0003-0405-060708090a0b")]
    public void Nothing_else_is_a_name(string text) => Assert.False(OperationName.TryParse(text, out _));

    [Theory]
    [InlineData("", "")]
    [InlineData("operations", "")]
    [InlineData("some/where", "some/where")]
    [InlineData("some/where/operations", "some/where")]
    public void A_parent_is_an_instance_with_or_without_the_collection(string text, string instance)
    {
        Assert.True(OperationName.TryParseParent(text, out InstanceName parsed, out _));
        Assert.Equal(instance, parsed.Value);
    }
}
