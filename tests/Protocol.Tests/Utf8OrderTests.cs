using System.Text;
using FsCheck;
using FsCheck.Fluent;
using RemoteExec.TestKit;

namespace RemoteExec.Protocol.Tests;

public sealed class Utf8OrderTests
{
    [Fact]
    [Rule("DIR-03")]
    public void It_is_the_order_of_the_UTF8_bytes()
    {
        // Well-formed strings from characters of every width, with many common prefixes.
        Gen<string> text = Gen.ListOf(Gen.Elements("a", "b", "B", "\u00e9", "\u0800", "\ud7ff", "\ue000", "\uffff", "\U00010000", "\U0010ffff")).Select(string.Concat);

        Prop.ForAll(Arb.From(text), Arb.From(text), (left, right) =>
            Math.Sign(Encoding.UTF8.GetBytes(left).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(right)))
            == Math.Sign(Utf8Order.Instance.Compare(left, right))).Check(Config.QuickThrowOnFailure.WithMaxTest(3000));
    }

    [Fact]
    [Rule("DIR-03")]
    public void It_differs_from_the_order_of_UTF16_units_above_the_surrogates()
    {
        Assert.True(string.CompareOrdinal("\uff21", "\U0001f600") > 0);

        Assert.True(Utf8Order.Instance.Compare("\uff21", "\U0001f600") < 0);
    }
}
