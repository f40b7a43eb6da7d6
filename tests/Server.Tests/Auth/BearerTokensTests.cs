using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using RemoteExec.Server.Auth;

namespace RemoteExec.Server.Tests.Auth;

public sealed class BearerTokensTests : IDisposable
{
    private const string One = "first-token-0123456789", Two = "second-token-0123456789";
    private readonly TemporaryDirectory directory = new();
    private readonly ManualTimeProvider time = new();
    private readonly RecordingLogger log = new();

    public void Dispose() => directory.Dispose();

    private BearerTokens Open(string text)
    {
        Write(text);
        return new BearerTokens(directory["tokens"], "some.setting", log, time);
    }

    private void Write(string text) => File.WriteAllText(directory["tokens"], text);

    [Fact]
    public void Every_line_is_a_token_but_comments_and_empty_ones()
    {
        BearerTokens tokens = Open($"# the old one\n{One}\n\n  {Two}  \r\n");

        Assert.True(tokens.Contains(One));
        Assert.True(tokens.Contains(Two));
        Assert.False(tokens.Contains(""));
        Assert.False(tokens.Contains(One[..^1]));
        Assert.False(tokens.Contains(One + "0"));
        Assert.False(tokens.Contains("# the old one"));
    }

    [Fact]
    public void A_token_may_be_kept_as_its_hash()
    {
        string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(One)));
        BearerTokens tokens = Open($"sha256:{hash}\n");

        Assert.True(tokens.Contains(One));
        Assert.False(tokens.Contains(hash)); // who reads the file is no worker yet
        Assert.False(tokens.Contains($"sha256:{hash}"));
    }

    [Fact]
    public void Tokens_are_rotated_while_the_server_runs()
    {
        BearerTokens tokens = Open(One);
        Write($"{One}\n{Two}");
        Assert.False(tokens.Contains(Two)); // the file is not read for every call

        time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(tokens.Contains(Two) && tokens.Contains(One));

        Write(Two);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(tokens.Contains(Two));
        Assert.False(tokens.Contains(One));
        Assert.Empty(log.Entries);
    }

    [Fact]
    public void A_change_that_makes_no_sense_is_told_once_and_changes_nothing()
    {
        BearerTokens tokens = Open(One);
        Write("short");
        for (int i = 0; i < 3; i++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            Assert.True(tokens.Contains(One));
        }

        File.Delete(directory["tokens"]);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(tokens.Contains(One));

        Assert.Equal([LogLevel.Warning, LogLevel.Warning], log.Entries.Select(entry => entry.Level));
        Assert.Contains("line 1 is no token", log.Entries.First().Text, StringComparison.Ordinal);
        Assert.Contains("there is no such file", log.Entries.Last().Text, StringComparison.Ordinal);

        Write(Two);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(tokens.Contains(Two));
    }

    [Theory]
    [InlineData("", "there is no token in it")]
    [InlineData("# nothing\n", "there is no token in it")]
    [InlineData("first-token-0123456789\nfifteen-letters", "line 2 is no token: it has less than 16 characters")]
    [InlineData("a token with words in it", "line 1 is no token: it has spaces in it")]
    [InlineData("sha256:0123456789abcdef", "64 hex digits")]
    public void What_is_no_token_is_refused_without_being_quoted(string text, string reason)
    {
        StartupException exception = Assert.Throws<StartupException>(() => Open(text));

        Assert.Contains(reason, exception.Message, StringComparison.Ordinal);
        Assert.EndsWith("(setting some.setting)", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("fifteen", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("a token with", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Bearer abc", "abc")]
    [InlineData("bearer  abc ", "abc")]
    [InlineData("Basic abc", null)]
    [InlineData("abc", null)]
    [InlineData(null, null)]
    public void The_token_is_what_follows_the_scheme(string? header, string? token) => Assert.Equal(token, BearerTokens.Of(header));
}
