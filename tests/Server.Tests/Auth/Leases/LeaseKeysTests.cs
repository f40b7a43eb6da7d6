using System.Buffers.Text;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Access;
using RemoteExec.Server.Auth.Leases;
using RemoteExec.Server.Auth.Tokens;

namespace RemoteExec.Server.Tests.Auth.Leases;

public sealed class LeaseKeysTests
{
    private const string First = "the first of the keys, which is long enough", Second = "the second of the keys, which is long enough";
    private const string WrongKey = "the lease token is signed with a key that this server does not have: all servers of a cluster need the same (setting auth.leases.keyFile)";
    private const string NoToken = "the lease token is none, or not all of it was sent";
    private static readonly LeaseGrant grant = new(InstanceName.Parse("team/app"), LeaseGrant.Most, "a lease", "worker 7", DateTimeOffset.UnixEpoch.AddDays(20_000));

    [Fact]
    public void What_was_signed_is_read_as_it_was()
    {
        LeaseKeys keys = LeaseKeys.Parse(First);

        string token = keys.Sign(grant);

        Assert.StartsWith("rxl1_", token, StringComparison.Ordinal);
        Assert.Equal(grant, keys.Verify(token, out _));
        LeaseGrant inputs = new(default, Right.ReadCas, "", "", DateTimeOffset.UnixEpoch);
        Assert.Equal(inputs, keys.Verify(keys.Sign(inputs), out _));
    }

    [Fact]
    public void Nothing_of_a_token_can_be_changed()
    {
        LeaseKeys keys = LeaseKeys.Parse(First);
        string token = keys.Sign(grant);
        byte[] bytes = Base64Url.DecodeFromChars(token.AsSpan(5));
        for (int bit = 0; bit < bytes.Length * 8; bit++)
        {
            byte[] forged = [.. bytes];
            forged[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Null(keys.Verify("rxl1_" + Base64Url.EncodeToString(forged), out string problem));
            Assert.Equal(bit < 64 ? WrongKey : NoToken, problem);
        }

        for (int length = 0; length < token.Length; length++)
            Assert.Null(keys.Verify(token[..length], out _));
        foreach (string other in new[] { token + "A", token + "=", token + " ", " " + token, token.ToUpperInvariant(), "rxl2_" + token[5..], "rxl1_rxl1_" + token[5..], token.Replace('_', '/'), new string('A', 9000), "rxl1_" + new string('A', 9000) })
            Assert.True(keys.Verify(other, out _) is null, other);
    }

    [Fact]
    public void The_last_character_has_one_writing()
    {
        LeaseKeys keys = LeaseKeys.Parse(First);
        string[] tokens = [.. Enumerable.Range(0, 3).Select(more => keys.Sign(grant with { Worker = new string('w', 10 + more) }))];
        const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

        foreach (string token in tokens)
            Assert.Equal([token[^1]], Alphabet.Where(last => keys.Verify(token[..^1] + last, out _) is not null));
    }

    [Fact]
    public void A_key_that_a_server_does_not_have_is_told_with_the_setting()
    {
        Assert.Null(LeaseKeys.Parse(Second).Verify(LeaseKeys.Parse(First).Sign(grant), out string problem));

        Assert.Equal(WrongKey, problem);
    }

    [Fact]
    public void The_first_key_signs_and_all_verify()
    {
        LeaseKeys before = LeaseKeys.Parse(First), both = LeaseKeys.Parse($"# the keys\n{First}\n{Second}\n"), turned = LeaseKeys.Parse($"{Second}\r\n\n{First}"), after = LeaseKeys.Parse(Second);

        Assert.All(new[] { before, both, turned }, keys => Assert.Equal(grant, keys.Verify(before.Sign(grant), out _)));
        Assert.Equal(before.Sign(grant), both.Sign(grant));
        Assert.All(new[] { both, turned, after }, keys => Assert.Equal(grant, keys.Verify(turned.Sign(grant), out _)));
        Assert.Null(after.Verify(both.Sign(grant), out _));
    }

    [Theory]
    [InlineData(Right.WriteAc)]
    [InlineData(Right.ReadCas | Right.Admin)]
    [InlineData(Right.ReadCas | Right.Work)]
    [InlineData(Right.None)]
    public void What_gives_more_than_leases_do_is_no_token_even_if_it_is_signed(Right rights)
    {
        LeaseKeys keys = LeaseKeys.Parse(First);

        Assert.Null(keys.Verify(keys.Sign(grant with { Rights = rights }), out string problem));
        Assert.Equal(NoToken, problem);
    }

    [Fact]
    public void Tokens_of_other_kinds_are_not_taken_for_it()
    {
        Assert.False(LeaseGrant.IsShownIn($"Bearer {TokenSecret.New().Text}"));
        Assert.False(LeaseGrant.IsShownIn("Bearer eyJhbGciOiJSUzI1NiJ9.e30.c2ln"));
        Assert.False(LeaseGrant.IsShownIn("Basic rxl1_"));
        Assert.False(LeaseGrant.IsShownIn("rxl1_"));
        Assert.False(LeaseGrant.IsShownIn(null));
        Assert.True(LeaseGrant.IsShownIn("bearer  rxl1_"));
    }

    [Theory]
    [InlineData("", "there is no key in it: write one a line, for example what 'openssl rand -base64 32' prints")]
    [InlineData("# none\n\n", "there is no key in it: write one a line, for example what 'openssl rand -base64 32' prints")]
    [InlineData(First + "\n\nshort", "line 3 is no key: it has less than 32 characters")]
    public void A_file_that_has_no_keys_is_told_without_what_is_in_it(string text, string words) => Assert.Equal(words, Assert.Throws<FormatException>(() => LeaseKeys.Parse(text)).Message);

    [Fact]
    public void No_two_keys_are_the_same() => Assert.NotEqual(LeaseKeys.NewLine(), LeaseKeys.NewLine());
}
