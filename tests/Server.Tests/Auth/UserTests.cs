using RemoteExec.Server.Auth;
using RemoteExec.Server.Auth.Users;
using RemoteExec.Server.Cli;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Tests.Auth;

/// <summary>Users with passwords, from the command that sets one to the call that shows it.</summary>
public sealed class UserTests : IDisposable
{
    private const string Password = "correct horse: battery";
    private readonly TemporaryDirectory data = new();
    private readonly RecordingLogger log = new();
    private readonly ManualTimeProvider time = new();

    private string UserFile => data["users"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => data.Dispose();

    private static async Task<(int Code, string Output, string Error)> RunAsync(string? typed, params string[] arguments)
    {
        using StringWriter output = new(), error = new();
        using var input = new StringReader(typed ?? "");
        int code = await CommandLine.RunAsync(["user", .. arguments], new Terminal(output, error, colourOutput: false, colourError: false) { Input = input });
        return (code, output.ToString(), error.ToString());
    }

    private Task<(int Code, string Output, string Error)> SetAsync(string name, string typed, params string[] more) => RunAsync(typed, ["set", name, "--users", UserFile, .. more]);

    private UserAuthenticator Open() => new(UserFile, new Roles(new Dictionary<string, RoleOptions>()), log, time);

    private static async Task<string> ShowAsync(UserAuthenticator users, string name, string password)
    {
        Authentication answer = await users.AuthenticateAsync(new Credentials(AccessServer.Basic(name, password), null), Token);
        return answer.Caller?.ToString() ?? answer.Refusal ?? "not mine";
    }

    [Fact]
    public async Task A_password_is_kept_as_its_hash_and_lets_its_user_in()
    {
        (int code, string output, _) = await SetAsync("ann", Password + "\nanother line\n", "--role", "developer", "--instance", "team");
        using UserAuthenticator users = Open();

        Assert.Equal((0, $"user 'ann' (developer in team) is in {UserFile}\n"), (code, output));
        Assert.DoesNotContain("horse", await File.ReadAllTextAsync(UserFile, Token), StringComparison.Ordinal);
        Assert.Equal("ann (password)", await ShowAsync(users, "ann", Password));
        Assert.Equal("the name or the password is wrong", await ShowAsync(users, "ann", Password + " "));
        Assert.Equal("the name or the password is wrong", await ShowAsync(users, "Ann", Password));
        Assert.Equal("the name or the password is wrong", await ShowAsync(users, "nobody", ""));
        Assert.Equal(Authentication.NotMine, await users.AuthenticateAsync(new Credentials("Bearer x", null), Token));
        Assert.Equal(Authentication.NotMine, await users.AuthenticateAsync(new Credentials(null, null), Token));
    }

    [Fact]
    public async Task A_new_password_ends_the_old_one_though_it_is_remembered_and_a_removed_user_is_gone()
    {
        await SetAsync("ann", Password, "--role", "ci");
        using UserAuthenticator users = Open();
        Assert.Equal("ann (password)", await ShowAsync(users, "ann", Password));

        await SetAsync("ann", "another password", "--role", "reader");
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("the name or the password is wrong", await ShowAsync(users, "ann", Password));
        Assert.Equal("ann (password)", await ShowAsync(users, "ann", "another password"));

        Assert.Equal(0, (await RunAsync(null, "remove", "ann", "--users", UserFile)).Code);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("the name or the password is wrong", await ShowAsync(users, "ann", "another password"));
        Assert.Contains("has no user 'ann'", (await RunAsync(null, "remove", "ann", "--users", UserFile)).Error, StringComparison.Ordinal);
        Assert.Empty(log.Entries);
    }

    [Fact]
    public async Task Few_passwords_are_tried_at_a_time_and_others_are_not_kept_out()
    {
        await SetAsync("ann", Password, "--role", "ci");
        await SetAsync("bob", Password, "--role", "ci");
        using UserAuthenticator users = Open();

        string[] flood = await Task.WhenAll(Enumerable.Range(0, 40).Select(number => ShowAsync(users, "ann", $"guess {number}"))
            .Concat(Enumerable.Range(0, 40).Select(number => ShowAsync(users, $"user{number}", $"guess {number}"))).Append(ShowAsync(users, "bob", Password)));

        Assert.Equal("bob (password)", flood[^1]);
        Assert.Equal(8, flood.Count(answer => answer == "the name or the password is wrong")); // those of ann, and those of nobody
        Assert.Equal(72, flood.Count(answer => answer.StartsWith("too many passwords are tried at a time", StringComparison.Ordinal)));
        Assert.Equal("ann (password)", await ShowAsync(users, "ann", Password));
    }

    [Fact]
    public async Task A_server_takes_names_and_passwords_beside_tokens()
    {
        await SetAsync("ann", Password, "--role", "ci", "--instance", "team");
        await using AccessServer access = await AccessServer.StartAsync($"auth.basic.file={UserFile}");
        TestBlob blob = TestBlob.Random(1, 100);

        Assert.Equal(201, (await access.AskAsync("PUT", $"/team/cas/{blob.Digest.Hash}", AccessServer.Basic("ann", Password), blob.Content)).Status);
        Assert.Equal(200, (await access.AskAsync("GET", $"/team/cas/{blob.Digest.Hash}", AccessServer.Basic("ann", Password))).Status);
        Assert.Equal(403, (await access.AskAsync("GET", $"/other/cas/{blob.Digest.Hash}", AccessServer.Basic("ann", Password))).Status);
        (int status, string body, _) = await access.AskAsync("GET", $"/team/cas/{blob.Digest.Hash}", AccessServer.Basic("ann", "wrong password"));
        Assert.Equal((401, "the name or the password is wrong\n"), (status, body));
        Assert.Contains("show a token (Authorization: Bearer, or as the password of Authorization: Basic), or a name and a password (Authorization: Basic)", (await access.AskAsync("GET", "/ac/x", null)).Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("short", "ann", "--role", "ci", "the password has less than 8 characters")]
    [InlineData("", "ann", "--role", "ci", "the password has less than 8 characters")]
    [InlineData(Password, "a:b", "--role", "ci", "no colon")]
    [InlineData(Password, "ann", "--role", "boss", "there is no role 'boss'")]
    public async Task What_makes_no_sense_is_told_and_sets_nothing(string typed, string name, string flag, string role, string words)
    {
        (int code, _, string error) = await SetAsync(name, typed, flag, role);

        Assert.Equal(2, code);
        Assert.Contains(words, error, StringComparison.Ordinal);
        Assert.False(File.Exists(UserFile));
    }

    [Theory]
    [InlineData("{}", "line 1 is no user")]
    [InlineData("ann:secret:ci", "line 1 is no user")]
    [InlineData("{\"name\":\"ann\",\"hash\":\"secret\"}", "line 1 has no hash of a password")]
    [InlineData("{\"name\":\"ann\",\"hash\":\"pbkdf2-sha256:999999999:AAAAAAAAAAAAAAAAAAAAAA==:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}", "line 1 has no hash of a password")]
    public void A_line_that_is_none_is_told_without_being_quoted(string line, string words)
    {
        FormatException exception = Assert.Throws<FormatException>(() => UserTable.ParseLines(line));

        Assert.Contains(words, exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", exception.Message, StringComparison.Ordinal);
    }
}
