using FsCheck;
using FsCheck.Fluent;
using RemoteExec.Execution.Logs;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.Execution.Tests.Logs;

public sealed class LogStreamNameTests
{
    private const string Id = "0123456789abcdef0123456789abcdef";
    private const string Token = "fedcba9876543210fedcba9876543210";

    [Theory, Rule("LOG-01")]
    [InlineData("")]
    [InlineData("an")]
    [InlineData("an/instance")]
    public void Both_names_of_a_new_stream_are_understood_and_differ_from_those_of_any_other(string instance)
    {
        LogStreamName name = LogStreamName.New(InstanceName.Parse(instance));

        Assert.True(LogStreamName.TryParse(name.ToString(), out LogStreamName? writer));
        Assert.True(LogStreamName.TryParse(name.ForReaders.ToString(), out LogStreamName? reader));
        Assert.Equal(name, writer);
        Assert.Equal(name.ForReaders, reader);
        Assert.Equal($"{name.ForReaders}/{name.WriteToken}", name.ToString());
        Assert.NotEqual(name.ForReaders, LogStreamName.New(InstanceName.Parse(instance)).ForReaders);
    }

    [Theory]
    [InlineData("")]
    [InlineData("logstreams")]
    [InlineData("logstreams/")]
    [InlineData("logstreams/0123")]
    [InlineData("/logstreams/" + Id)]
    [InlineData("logstreams/" + Id + "/")]
    [InlineData("logstreams/" + Id + "/" + Token + "/" + Token)]
    [InlineData("logstreams/0123456789ABCDEF0123456789ABCDEF")]
    [InlineData("blobs/logstreams/" + Id)]
    [InlineData("blobs/" + Id + "/5")]
    [InlineData("logstreams/blobs/" + Id + "/5")]
    [InlineData("uploads/" + Id + "/blobs/" + Id + "/5")]
    public void Other_names_are_none(string text) => Assert.False(LogStreamName.IsOne(text));

    [Fact]
    public void Whatever_is_parsed_is_written_the_same_and_nothing_else_is_parsed()
    {
        string[] pieces = ["logstreams", "blobs", "uploads", "operations", "an", "instance", "", ".", "é", Id, Token, Id.ToUpperInvariant(), Id[1..]];
        Gen<string> names = Gen.Elements(pieces).ListOf().Select(list => string.Join('/', list));

        Prop.ForAll(Arb.From(names), text => !LogStreamName.TryParse(text, out LogStreamName? name) || name.ToString() == text).QuickCheckThrowOnFailure();
    }
}
