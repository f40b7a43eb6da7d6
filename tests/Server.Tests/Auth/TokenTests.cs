using System.Text.Json;
using RemoteExec.Protocol.Access;
using RemoteExec.Server.Auth;
using RemoteExec.Server.Auth.Tokens;
using RemoteExec.Server.Cli;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Tests.Auth;

/// <summary>Tokens, from the command that makes one to the call that shows it.</summary>
public sealed class TokenTests : IDisposable
{
    private readonly TemporaryDirectory data = new();
    private readonly RecordingLogger log = new();
    private readonly ManualTimeProvider time = new();

    private string TokenFile => data["tokens"];

    public void Dispose() => data.Dispose();

    private static async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int code = await CommandLine.RunAsync(["token", .. arguments], new Terminal(output, error, colourOutput: false, colourError: false));
        return (code, output.ToString().TrimEnd(), error.ToString());
    }

    private Task<(int Code, string Output, string Error)> CreateAsync(params string[] arguments) => RunAsync(["create", "--tokens", TokenFile, .. arguments]);

    private TokenAuthenticator Open(params (string Name, RoleOptions Role)[] roles) =>
        new(TokenFile, new Roles(roles.ToDictionary(entry => entry.Name, entry => entry.Role)), log, time);

    private static async Task<Authentication> ShowAsync(TokenAuthenticator tokens, string header) => await tokens.AuthenticateAsync(new Credentials(header, null), TestContext.Current.CancellationToken);

    [Fact]
    public async Task A_token_is_printed_once_and_kept_as_its_hash()
    {
        (int code, string token, string error) = await CreateAsync("ann's laptop", "--role", "developer", "--instance", "team/app", "--instance", "/", "--expires", "90d");

        Assert.Equal(0, code);
        Assert.Matches("^rxt_[0-9a-f]{12}_[0-9a-f]{64}$", token);
        Assert.DoesNotContain(token[^64..], error, StringComparison.Ordinal);
        Assert.DoesNotContain(token[^64..], await File.ReadAllTextAsync(TokenFile, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(TokenFile));
        Caller? caller = (await ShowAsync(Open(), AccessServer.Bearer(token))).Caller;
        Assert.Equal("ann's laptop (token)", caller?.ToString());
        Assert.True(caller!.HasOneOf(Right.Execute, Protocol.InstanceName.Parse("team/app/x")) && caller.HasOneOf(Right.ReadAc, default));
        Assert.False(caller.HasOneOf(Right.WriteAc, Protocol.InstanceName.Parse("team/app")) || caller.HasOneOf(Right.ReadAc, Protocol.InstanceName.Parse("team")));
    }

    [Fact]
    public async Task A_list_has_everything_but_secrets()
    {
        string one = (await CreateAsync("one", "--role", "reader")).Output, two = (await CreateAsync("two", "--role", "ci", "--instance", "team", "--expires", "1ms")).Output;
        Assert.Equal(0, (await RunAsync("revoke", one.Split('_')[1], "--tokens", TokenFile)).Code);

        (_, string text, _) = await RunAsync("list", "--tokens", TokenFile, "--data", data.FullPath);
        (_, string json, _) = await RunAsync("list", "--tokens", TokenFile, "--json");

        Assert.DoesNotContain(one[^64..], text + json, StringComparison.Ordinal);
        Assert.Collection(
            text.Split('\n')[1..],
            line => Assert.Matches(@"^\w{12}  one   reader  \*     .* not known  revoked ", line),
            line => Assert.Matches(@"^\w{12}  two   ci      team  .* not known  expired ", line));
        Assert.Equal(["one", "two"], JsonDocument.Parse(json).RootElement.EnumerateArray().Select(token => token.GetProperty("name").GetString()));
    }

    [Theory]
    [InlineData("--role", "boss", "there is no role 'boss': there are admin, ci, developer, node, operator, reader, worker; roles of a configuration are known with --config")]
    [InlineData("--role", "ci", "--instance", "a//b", "--instance: instance name 'a//b' has an empty segment")]
    [InlineData("--role", "ci", "--expires", "soon", "--expires: 'soon'")]
    [InlineData("--role", "ci", "--expires", "0", "--expires: must be positive")]
    public async Task What_makes_no_sense_is_told_and_makes_nothing(params string[] words)
    {
        (int code, _, string error) = await CreateAsync(["x", .. words[..^1]]);

        Assert.Equal(2, code);
        Assert.Contains(words[^1], error, StringComparison.Ordinal);
        Assert.False(File.Exists(TokenFile));
    }

    [Fact]
    public async Task A_token_that_is_not_there_can_not_be_revoked()
    {
        await CreateAsync("x", "--role", "ci");

        (int code, _, string error) = await RunAsync("revoke", "000000000000", "--tokens", TokenFile);

        Assert.Equal(1, code);
        Assert.Contains("has no token '000000000000'", error, StringComparison.Ordinal);
        Assert.Contains("which file of tokens?", (await RunAsync("list")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tokens_come_end_and_go_while_a_server_runs()
    {
        string first = AccessServer.Create(TokenFile, "ci", expires: time.GetUtcNow() + TimeSpan.FromMinutes(1));
        TokenAuthenticator tokens = Open();
        Assert.NotNull((await ShowAsync(tokens, AccessServer.Bearer(first))).Caller);

        string second = AccessServer.Create(TokenFile, "ci");
        Assert.NotNull((await ShowAsync(tokens, AccessServer.Bearer(second))).Refusal);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.NotNull((await ShowAsync(tokens, AccessServer.Bearer(second))).Caller);
        Assert.NotNull((await ShowAsync(tokens, AccessServer.Bearer(first))).Caller);

        time.Advance(TimeSpan.FromSeconds(59));
        Assert.Contains("has expired", (await ShowAsync(tokens, AccessServer.Bearer(first))).Refusal, StringComparison.Ordinal);

        AddedLines.Add(TokenFile, TokenLines.Format(new ApiToken { Id = second.Split('_')[1], Revoked = time.GetUtcNow() }));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Contains("was revoked", (await ShowAsync(tokens, AccessServer.Bearer(second))).Refusal, StringComparison.Ordinal);
        Assert.Empty(log.Entries);
    }

    [Fact]
    public async Task A_role_of_the_configuration_narrows_what_a_token_asks_for()
    {
        string token = AccessServer.Create(TokenFile, "nightly", ["team", "other"]), lost = AccessServer.Create(TokenFile, "gone");
        TokenAuthenticator tokens = Open(("nightly", new RoleOptions { Rights = ["read-ac", "write-ac"], Instances = ["team/app"] }));

        Caller? caller = (await ShowAsync(tokens, AccessServer.Bearer(token))).Caller;

        Assert.Equal([new Grant(Right.ReadAc | Right.WriteAc, InstanceScope.Of(Protocol.InstanceName.Parse("team/app")))], caller?.Grants);
        Assert.Contains("has the role 'gone', which this server does not have", (await ShowAsync(tokens, AccessServer.Bearer(lost))).Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public async Task When_a_token_was_used_is_written_down_later_and_found_again()
    {
        string token = AccessServer.Create(TokenFile, "ci");
        TokenAuthenticator tokens = Open();
        await ShowAsync(tokens, AccessServer.Bearer(token));
        DateTimeOffset used = time.GetUtcNow();
        string file = TokenUses.FileIn(data.FullPath), id = token.Split('_')[1];
        await using (new TokenUses(data.FullPath, tokens, log, time))
            Assert.False(File.Exists(file));

        Assert.Equal(used, TokenUses.Read(file)[id]);

        await using (new TokenUses(data.FullPath, Open(), log, time)) // one that has seen no use yet
            time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(used, TokenUses.Read(file)[id]);
    }

    [Theory]
    [InlineData("{", "line 2 is no token")]
    [InlineData("[]", "line 2 is no token")]
    [InlineData("{\"id\":\"\"}", "line 2 is no token")]
    [InlineData("{\"id\":\"a\"}", "line 2 has no hash")]
    [InlineData("{\"id\":\"a\",\"hash\":\"secret\"}", "line 2 has no hash")]
    [InlineData("{\"id\":\"a\",\"revoked\":\"2026-01-01T00:00:00Z\"}", "line 2 has no hash of a token that was made before")]
    public void A_line_that_is_none_is_told_without_being_quoted(string line, string words)
    {
        FormatException exception = Assert.Throws<FormatException>(() => TokenLines.Parse("# tokens\n" + line + "\n"));

        Assert.Contains(words, exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_that_was_torn_does_not_take_the_next_with_it()
    {
        AccessServer.Create(TokenFile, "ci");
        File.AppendAllText(TokenFile, "# torn");
        AccessServer.Create(TokenFile, "ci");

        Assert.Equal(2, TokenLines.Parse(File.ReadAllText(TokenFile)).Count);
    }

    [Fact]
    public void A_file_that_is_not_there_says_how_to_make_it()
    {
        StartupException exception = Assert.Throws<StartupException>(() => Open());

        Assert.Equal($"{TokenFile}: there is no such file (setting auth.tokens.file; 'remoteexec token create' makes the file)", exception.Message);
    }
}
