using RemoteExec.Server.Cli;

namespace RemoteExec.Server.Tests.Cli;

public sealed class CommandLineTests
{
    private static async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int code = await CommandLine.RunAsync(arguments, new Terminal(output, error, colourOutput: false, colourError: false));
        return (code, output.ToString(), error.ToString());
    }

    [Theory]
    [InlineData("serve", "--bogus")]
    [InlineData("bogus", "")]
    [InlineData("worker", "")]
    [InlineData("serve", "--grpc=nowhere")]
    [InlineData("serve", "--workers=many")]
    [InlineData("serve", "--max-size=huge")]
    [InlineData("serve", "--config=/not/there.yaml")]
    [InlineData("worker", "--server=http://host/path")]
    public async Task A_wrong_flag_is_one_line_and_exit_code_2(string command, string flag)
    {
        (int code, string output, string error) = await RunAsync([.. new[] { command, flag }.Where(argument => argument.Length > 0)]);

        Assert.Equal(2, code);
        Assert.Empty(output);
        Assert.StartsWith("remoteexec: ", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd('\n').Split('\n'));
    }

    [Theory]
    [InlineData("there is no command 'bogus': serve, worker, queue, workers, operations, builds, explain, stats, top, health, audit, replay, verify-result, push, pull, ls, cat, du, diff, sync, fetch, run, exec, check-determinism, deploy, rollback, releases, refs, gc, pypi, image, token, user, config, doctor, login, logout, profile, settings, conform, bench, completion (see remoteexec --help)", "bogus")]
    [InlineData("write a command: serve, worker, queue, workers, operations, builds, explain, stats, top, health, audit, replay, verify-result, push, pull, ls, cat, du, diff, sync, fetch, run, exec, check-determinism, deploy, rollback, releases, refs, gc, pypi, image, token, user, config, doctor, login, logout, profile, settings, conform, bench, completion (see remoteexec --help)")]
    [InlineData("there is no command 'list': check, reference (see remoteexec config --help)", "config", "list")]
    [InlineData("--data: data: is empty: write something, or leave it out", "serve", "--data", "")]
    [InlineData("--key: is missing: a certificate is shown with its key", "worker", "--server", "grpcs://a:1", "--cert", "worker.pem")]
    [InlineData("--cert: is missing: a certificate is shown with its key", "worker", "--server", "grpcs://a:1", "--key", "worker.key")]
    [InlineData("--cert: is shown over TLS only: write grpcs:// instead of grpc://b:2", "worker", "--server", "grpcs://a:1", "--server", "grpc://b:2", "--cert", "worker.pem", "--key", "worker.key")]
    [InlineData("there is no command 'push': build, ls, diff, export (see remoteexec image --help)", "image", "push")]
    [InlineData("/not/there.yaml: can't be read: there is no such file", "image", "build", "/not/there.yaml")]
    [InlineData("--tag: 'a/b' is no name: write letters, digits and . _ + - (see remoteexec image build --help)", "image", "build", "/not/there.yaml", "--tag", "a/b")]
    [InlineData("'nothing' is neither the name of an image (image ls) nor a digest, HASH/SIZE (see remoteexec image export --help)", "image", "export", "nothing", "x.tar")]
    [InlineData("--oci writes a directory: leave .tar away (see remoteexec image export --help)", "image", "export", "nothing", "x.tar", "--oci")]
    [InlineData("'a b' is neither a digest, HASH/SIZE, nor the name of a reference, nor one of them with :PATH (see remoteexec pull --help)", "pull", "a b", "dir")]
    [InlineData("--ref: 'a b' is no name: write letters, digits and . _ + - with slashes between (see remoteexec push --help)", "push", ".", "--ref", "a b")]
    [InlineData("--link: links to what? Name a directory with --cache (see remoteexec pull --help)", "pull", "a", "dir", "--link")]
    [InlineData("--depth: can't be negative (see remoteexec du --help)", "du", "a", "--depth", "-1")]
    [InlineData("--header: 'X-Key' is no NAME=VALUE (see remoteexec fetch --help)", "fetch", "https://example.com/x", "--header", "X-Key")]
    [InlineData("one of the two is the name of a reference: both are directories on this machine (see remoteexec sync --help)", "sync", "./a", "/b")]
    [InlineData("'b' and 'a': one of the two is a directory on this machine; write it as ./b (see remoteexec sync --help)", "sync", "a", "b")]
    [InlineData("'a@1' is no name of a reference that moves: write letters, digits and . _ + - with slashes between (see remoteexec sync --help)", "sync", "./b", "a@1")]
    [InlineData("--expect: can't be negative (see remoteexec refs set --help)", "refs", "set", "a", "b", "--expect", "-1")]
    [InlineData("--expires: must be positive (see remoteexec refs set --help)", "refs", "set", "a", "b", "--expires", "0s")]
    [InlineData("--blob: write the digest of the blob, HASH/SIZE (see remoteexec refs set --help)", "refs", "set", "a", "b", "--blob")]
    [InlineData("top draws on a terminal, which standard output is not: write --once or --json for one snapshot (see remoteexec top --help)", "top")]
    [InlineData("--interval 5x: '5x' is no duration: write numbers with ms, s, m, h or d, for example 90s or 1h30m (see remoteexec top --help)", "top", "--once", "--interval", "5x")]
    [InlineData("--interval 1ms: must be at least 100ms (see remoteexec top --help)", "top", "--once", "--interval", "1ms")]
    [InlineData("--runs 1: must be between 2 and 1000 (see remoteexec check-determinism --help)", "check-determinism", "0000000000000000000000000000000000000000000000000000000000000000/1", "--runs", "1")]
    [InlineData("/dev: can't be read: it is a directory", "config", "check", "/dev")]
    [InlineData("/not/there.yaml: can't be read: there is no such file", "config", "check", "/not/there.yaml")]
    public async Task A_mistake_is_told_in_words(string line, params string[] arguments)
    {
        Assert.Equal((2, "", $"remoteexec: {line}\n"), await RunAsync(arguments));
    }

    [Theory]
    [InlineData("there is no flag '--bogus'; flags of the command itself stand behind its name (see remoteexec run --help)", "run", "--bogus", "--", "true")]
    [InlineData("--output: '../x' leads out of the inputs: write a path below their root, and where it is to be here with --download (see remoteexec run --help)", "run", "--output", "../x", "--", "true")]
    [InlineData("--output: '.' is the root of the inputs: name files or directories below it (see remoteexec run --help)", "run", "--output", ".", "--", "true")]
    [InlineData("--input: 'x/../..' leads out of the inputs: write a path below their root, or . for that (see remoteexec run --help)", "run", "--input", "a=x/../..", "--", "true")]
    [InlineData("--cwd: '/x' leads out of the inputs: write a path below their root (see remoteexec run --help)", "run", "--cwd", "/x", "--", "true")]
    [InlineData("--env: there is no variable 'NO_SUCH_VARIABLE' here: write NO_SUCH_VARIABLE=VALUE (see remoteexec run --help)", "run", "--env", "NO_SUCH_VARIABLE", "--", "true")]
    [InlineData("--platform: 'os' is no NAME=VALUE (see remoteexec run --help)", "run", "--platform", "os", "--", "true")]
    [InlineData("--timeout: must be positive (see remoteexec run --help)", "run", "--timeout", "0s", "--", "true")]
    [InlineData("--image: 'nothing' is neither the name of an image (image ls) nor a digest, HASH/SIZE (see remoteexec run --help)", "run", "--image", "nothing", "--", "true")]
    [InlineData("'main' is no digest of an action: write HASH/SIZE, as 'remoteexec run' and 'operations show' print it (see remoteexec exec --help)", "exec", "main")]
    public async Task What_passes_on_exit_codes_has_one_of_its_own_for_mistakes(string line, params string[] arguments)
    {
        Assert.Equal((125, "", $"remoteexec: {line}\n"), await RunAsync(arguments));
    }

    [Theory]
    [InlineData("/dev/null", "a file is in the way")]
    [InlineData("/dev/null/data", "it can't be made there")]
    [InlineData("/proc/data", "it can't be made there")]
    public async Task A_data_directory_that_can_not_be_is_told_in_words(string path, string reason)
    {
        Assert.Equal(
            (1, "", $"remoteexec: the data directory {path} can't be written to: {reason}; choose another with --data\n"), await RunAsync("serve", "--data", path));
    }

    [Fact]
    public async Task A_flag_that_is_a_setting_is_named_by_its_problem()
    {
        (int _, string _, string error) = await RunAsync("serve", "--workers", "-3");

        Assert.Equal("remoteexec: --workers: worker.slots: must be between 0 and 10000\n", error);
    }

    [Fact]
    public async Task The_help_of_serve_has_every_default_and_examples()
    {
        (int code, string output, string error) = await RunAsync("serve", "--help");

        Assert.Equal(0, code);
        Assert.Empty(error);
        foreach (string part in new[] { "127.0.0.1:8980", "127.0.0.1:8981", "one for each core", "10%", "XDG_DATA_HOME", "Examples:", "remoteexec serve --workers 0" })
            Assert.Contains(part, output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_help_of_the_program_fits_a_screen_and_leads_to_every_command()
    {
        (int code, string output, string _) = await RunAsync("--help");
        (_, string _, string listing) = await RunAsync();

        Assert.Equal(0, code);
        string[] lines = output.TrimEnd('\n').Split('\n');
        Assert.InRange(lines.Length, 10, 40);
        Assert.All(lines, line => Assert.InRange(line.Length, 0, 100));
        foreach (string command in listing.Split(": ")[^1].Split(" (see")[0].Split(", "))
            Assert.Matches($@"(?m)^  (?:[\w-]+, )*{command}\b", output);
    }

    [Theory]
    [InlineData("confo", "conform")]
    [InlineData("workers dr", "drain")]
    [InlineData("settings py", "")]
    [InlineData("settings ba", "bazel")]
    [InlineData("bench --conn", "--connections")]
    [InlineData("bazel", "")]
    public async Task A_shell_is_told_how_a_line_may_go_on(string typed, string expected)
    {
        (int code, string output, string error) = await RunAsync($"[suggest:{typed.Length}]", typed);

        Assert.Equal((0, "", expected), (code, error, output.Split('\n')[0]));
    }

    [Fact]
    public async Task The_version_is_a_number()
    {
        (int code, string output, string _) = await RunAsync("--version");

        Assert.Equal(0, code);
        Assert.Matches(@"^\d+\.\d+\.\d+", output);
    }

    [Fact]
    public async Task A_good_configuration_is_ok()
    {
        string path = TestKit.Repository.Path("examples", "minimal.yaml");

        Assert.Equal((0, $"{path}: ok\n", ""), await RunAsync("config", "check", path));
    }

    [Fact]
    public async Task A_bad_configuration_is_told_with_every_problem_and_exit_code_2()
    {
        using var directory = new TemporaryDirectory();
        string path = directory["bad.yaml"];
        await File.WriteAllTextAsync(path, "cas: { a: 1, b: 2 }\n", TestContext.Current.CancellationToken);

        (int code, string _, string error) = await RunAsync("config", "check", path);

        Assert.Equal(2, code);
        Assert.Equal(2, error.TrimEnd('\n').Split('\n').Length);
        Assert.Contains($"{path}(1,8): cas.a: unknown key", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_configuration_is_checked_for_programs_too()
    {
        using var directory = new TemporaryDirectory();
        string path = directory["bad.yaml"];
        await File.WriteAllTextAsync(path, "cas: { a: 1 }\n", TestContext.Current.CancellationToken);

        (int code, string output, string error) = await RunAsync("config", "check", path, "--json");
        (int good, string ok, _) = await RunAsync("config", "check", TestKit.Repository.Path("examples", "minimal.yaml"), "--json");

        System.Text.Json.JsonElement outcome = System.Text.Json.JsonDocument.Parse(output).RootElement;
        Assert.Equal((2, "", 0), (code, error, good));
        Assert.Equal(("cas.a", 1), (outcome.GetProperty("problems")[0].GetProperty("path").GetString(), outcome.GetProperty("problems")[0].GetProperty("line").GetInt32()));
        Assert.Contains("\"isOk\":true", ok, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("health")]
    [InlineData("user", "list")]
    [InlineData("token", "list")]
    [InlineData("config", "check")]
    [InlineData("image", "ls")]
    [InlineData("queue", "list")]
    [InlineData("builds", "list")]
    [InlineData("doctor")]
    [InlineData("profile", "list")]
    [InlineData("settings")]
    [InlineData("conform")]
    [InlineData("bench")]
    public async Task What_lists_or_measures_prints_JSON(params string[] command)
    {
        (int _, string output, string _) = await RunAsync([.. command, "--help"]);

        Assert.Contains("--json", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_is_told_to_programs_too()
    {
        (int code, string output, string error) = await RunAsync("health", "--server", "grpc://127.0.0.1:1", "--json");

        Assert.Equal((1, ""), (code, error));
        Assert.Contains("\"isServing\":false", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Colours_are_for_terminals()
    {
        using var plain = new StringWriter();
        using var coloured = new StringWriter();

        new Terminal(plain, TextWriter.Null, colourOutput: false, colourError: false).WriteLine("text", Tone.Good);
        new Terminal(coloured, TextWriter.Null, colourOutput: true, colourError: false).WriteLine("text", Tone.Good);

        Assert.Equal("text\n", plain.ToString());
        Assert.Contains("\u001b[", coloured.ToString(), StringComparison.Ordinal);
        Assert.Contains("text", coloured.ToString(), StringComparison.Ordinal);
    }
}
