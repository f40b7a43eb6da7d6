using System.Text.Json;
using RemoteExec.Server.Cli.Profiles;
using RemoteExec.Server.Configuration;
using RemoteExec.Server.Hosting;
using RemoteExec.Server.Tests.Auth;

namespace RemoteExec.Server.Tests.Cli.Profiles;

/// <summary>What a user has logged in to, in a directory of the test's own. The variable that names it is the process's: nothing else runs meanwhile.</summary>
[Collection(nameof(UsersDirectory))]
public sealed class ProfileTests : IAsyncLifetime
{
    private readonly TemporaryDirectory config = new();
    private readonly string? before = Environment.GetEnvironmentVariable("XDG_CONFIG_HOME");
    private AccessServer server = null!;

    private string Address => $"grpc://{server.Server.Listeners.First(listener => listener.Kind == ListenerKind.Grpc).Address}";

    private string ProfilesFile => config["remoteexec", "profiles.yaml"];

    public async ValueTask InitializeAsync()
    {
        server = await AccessServer.StartAsync();
        Environment.SetEnvironmentVariable("XDG_CONFIG_HOME", config.FullPath);
    }

    public async ValueTask DisposeAsync()
    {
        Environment.SetEnvironmentVariable("XDG_CONFIG_HOME", before);
        await server.DisposeAsync();
        config.Dispose();
    }

    [Fact]
    public async Task A_token_that_was_typed_is_kept_where_nobody_else_reads_it_and_shown_by_all_commands()
    {
        string token = await TokenAsync("ci");

        string login = (await CommandRun.RunAsync(token + "\n", ["login", Address, "--profile", "ci", "--instance", "team", "--http", server.HttpAddress, "--token-file", "-"])).Succeeded();

        Assert.StartsWith($"logged in to {Address} as profile 'ci', which all commands use now: cache\n", login, StringComparison.Ordinal);
        Assert.Equal("SERVING\n", (await CommandRun.RunAsync("health")).Succeeded());
        (await CommandRun.RunAsync("conform", "--rule", "AC-01")).Succeeded();
        (await CommandRun.RunAsync("builds", "list")).Succeeded();
        string list = (await CommandRun.RunAsync("profile", "list")).Succeeded();
        Assert.Matches($@"\*  ci +team +a token +{Address}", list);
        Assert.DoesNotContain(token, list + login + (await CommandRun.RunAsync("profile", "list", "--json")).Succeeded() + await File.ReadAllTextAsync(ProfilesFile, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(ProfilesFile));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(config["remoteexec", "tokens", "ci"]));
        Assert.Equal(token + "\n", await File.ReadAllTextAsync(config["remoteexec", "tokens", "ci"], TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Logging_out_forgets_the_token_and_the_profile()
    {
        (await CommandRun.RunAsync(await TokenAsync("ci"), ["login", Address, "--token-file", "-"])).Succeeded();

        Assert.Equal("profile 'default' is gone\n", (await CommandRun.RunAsync("logout")).Succeeded());

        Assert.False(File.Exists(config["remoteexec", "tokens", "default"]));
        Assert.Equal("no profiles: 'remoteexec login URL' makes one\n", (await CommandRun.RunAsync("profile", "list")).Succeeded());
        Assert.Equal((1, "", "remoteexec: no profile is used: name one with --profile\n"), await TupleAsync("logout"));
    }

    [Fact]
    public async Task A_login_that_the_server_does_not_take_keeps_nothing_and_says_what_to_do()
    {
        (int code, string output, string error) = await TupleAsync("login", Address);
        (int bad, _, string notTaken) = await CommandTupleAsync("rxt_000000000000_0000000000000000000000000000000000000000000\n", "login", Address, "--token-file", "-");
        (int gone, _, string unreachable) = await TupleAsync("login", "grpc://127.0.0.1:1");

        Assert.Equal((1, "", 1, 1), (code, output, bad, gone));
        Assert.Contains("this server has to know who calls", error, StringComparison.Ordinal);
        Assert.Contains("write --token-file FILE, - for standard input, or --cert FILE --key FILE", error, StringComparison.Ordinal);
        Assert.Contains("the token is not taken: ", notTaken, StringComparison.Ordinal);
        Assert.DoesNotContain("rxt_0", notTaken, StringComparison.Ordinal);
        Assert.Contains("'remoteexec doctor grpc://127.0.0.1:1' says more", unreachable, StringComparison.Ordinal);
        Assert.False(File.Exists(ProfilesFile));
    }

    [Fact]
    public async Task A_server_that_is_named_is_not_shown_what_is_meant_for_another()
    {
        (await CommandRun.RunAsync(await TokenAsync("ci"), ["login", Address, "--profile", "ci", "--token-file", "-"])).Succeeded();

        (int named, _, string refused) = await TupleAsync("settings", "bazel", "--server", Address);
        CommandRun both = await CommandRun.RunAsync("settings", "bazel", "--server", Address, "--profile", "ci");

        Assert.Equal(1, named);
        Assert.Contains("this server has to know who calls", refused, StringComparison.Ordinal);
        both.Succeeded();
    }

    [Fact]
    public async Task Profiles_are_chosen_by_use_and_by_flag()
    {
        string file = config["ci-token"];
        await File.WriteAllTextAsync(file, await TokenAsync("ci"), TestContext.Current.CancellationToken);
        (await CommandRun.RunAsync("login", Address, "--profile", "ci", "--token-file", file)).Succeeded();
        (await CommandRun.RunAsync(await TokenAsync("reader"), ["login", Address, "--profile", "reader", "--token-file", "-"])).Succeeded();

        Assert.Contains("--noremote_upload_local_results", (await CommandRun.RunAsync("bazelrc")).Succeeded(), StringComparison.Ordinal);
        Assert.DoesNotContain("--noremote_upload_local_results", (await CommandRun.RunAsync("bazelrc", "--profile", "ci")).Succeeded(), StringComparison.Ordinal);
        Assert.Equal("profile 'ci' is used\n", (await CommandRun.RunAsync("profile", "use", "ci")).Succeeded());
        Assert.Contains($"$(cat {file})", (await CommandRun.RunAsync("bazelrc")).Succeeded(), StringComparison.Ordinal);
        (await CommandRun.RunAsync("logout", "--profile", "ci")).Succeeded();
        Assert.True(File.Exists(file), "the file is the user's");
        Assert.Contains("there is no profile 'ci' in", (await CommandRun.RunAsync("bazelrc", "--profile", "ci")).Error, StringComparison.Ordinal);
        Assert.Contains("it has reader", (await CommandRun.RunAsync("bazelrc", "--profile", "ci")).Error, StringComparison.Ordinal);
        Assert.Contains("there is no profile 'ci'", (await CommandRun.RunAsync("profile", "use", "ci")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_of_profiles_that_is_wrong_is_told_with_its_line()
    {
        Directory.CreateDirectory(config["remoteexec"]);
        await File.WriteAllTextAsync(ProfilesFile, "current: ci\nprofiles:\n  ci: { servers: [ftp://a], tokn: x }\n", TestContext.Current.CancellationToken);

        (int code, _, string error) = await TupleAsync("health");

        Assert.Equal(2, code);
        Assert.Contains($"{ProfilesFile}(3,", error, StringComparison.Ordinal);
        Assert.Contains("tokn: unknown key", error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_written_is_read_again()
    {
        var store = new ProfileStore(config["other"]);
        var profile = new ProfileOptions { Servers = ["grpc://a:1", "unix:/it's"], Http = "http://a:2", Instance = "team/app", Ca = "/c: d", Certificate = "/e", Key = "/f", Header = "x-api-key" };

        store.Keep("one", profile, "a token of sixteen".Replace(' ', '-'));
        store.Keep("two", new ProfileOptions { Servers = ["grpc://b:1"] }, null);

        ProfilesOptions read = store.Read();
        Assert.Equal("two", read.Current);
        Assert.Equal(JsonSerializer.Serialize(profile with { TokenFile = config["other", "tokens", "one"] }), JsonSerializer.Serialize(read.Profiles["one"]));
        Assert.Throws<ConfigException>(() => new ProfileStore(WithText("profiles: { '../x': { servers: [grpc://a:1] } }")).Read());
    }

    private string WithText(string text)
    {
        Directory.CreateDirectory(config["third"]);
        File.WriteAllText(config["third", "profiles.yaml"], text);
        return config["third"];
    }

    private static async Task<(int Code, string Output, string Error)> TupleAsync(params string[] arguments) => await CommandTupleAsync("", arguments);

    private static async Task<(int Code, string Output, string Error)> CommandTupleAsync(string input, params string[] arguments)
    {
        CommandRun run = await CommandRun.RunAsync(input, arguments);
        return (run.Code, run.Output, run.Error);
    }

    private async Task<string> TokenAsync(string role)
    {
        string token = server.Create(role);
        await server.WaitForAsync(token, isGood: true);
        return token;
    }
}
