namespace RemoteExec.EndToEnd.Tests.Bazel;

/// <summary>A Bazel workspace and the Bazel server that builds in it; both go away in the end.</summary>
internal sealed class BazelWorkspace : IAsyncDisposable
{
    /// <summary>Repositories that Bazel would load from the network; a few lines of our own do for the native rules.</summary>
    private static readonly string[] stubbedRepositories = ["rules_cc", "rules_java", "remote_coverage_tools"];

    private readonly TemporaryDirectory root = new();

    private readonly string[] launcher;

    /// <summary>Makes one.</summary>
    /// <param name="launcher">The words before each command line that let Bazel run elsewhere, as in a network of its own.</param>
    public BazelWorkspace(params string[] launcher)
    {
        this.launcher = launcher;
        foreach (string repository in stubbedRepositories)
            WriteAt(root["stubs", repository, "WORKSPACE"], "");
        WriteAt(root["stubs", "rules_cc", "cc", "BUILD"], """toolchain_type(name = "toolchain_type", visibility = ["//visibility:public"])""");
        WriteAt(root["stubs", "rules_cc", "cc", "defs.bzl"], Reexport("cc_binary", "cc_import", "cc_library", "cc_proto_library", "cc_test", "cc_toolchain", "cc_toolchain_suite"));
        WriteAt(root["stubs", "rules_java", "java", "BUILD"], "");
        WriteAt(root["stubs", "rules_java", "java", "defs.bzl"], Reexport("java_binary", "java_import", "java_library", "java_runtime", "java_toolchain"));
        WriteAt(root["stubs", "remote_coverage_tools", "BUILD"], """filegroup(name = "coverage_report_generator", visibility = ["//visibility:public"])""");
        Write("WORKSPACE", "");
    }

    /// <summary>A file with settings for Bazel; null for none.</summary>
    public string? Settings { get; set; }

    /// <summary>Writes a file of the workspace.</summary>
    public void Write(string path, string content) => WriteAt(Source(path), content);

    /// <summary>The full path of a file of the workspace.</summary>
    public string Source(string path) => root["workspace", path];

    /// <summary>A file that Bazel made, by its path below bazel-bin.</summary>
    public string Output(string path) => root["workspace", "bazel-bin", path];

    /// <summary>Runs a command to its end.</summary>
    public async Task<BazelRun> RunAsync(string command, params IEnumerable<string> arguments)
    {
        await using ChildProcess bazel = Start(command, arguments);
        int exitCode = await bazel.WaitForExitAsync();
        return new BazelRun(exitCode, bazel.Output);
    }

    /// <summary>Runs <c>bazel build</c> to its end.</summary>
    public Task<BazelRun> BuildAsync(params IEnumerable<string> arguments) => RunAsync("build", arguments);

    /// <summary>Forgets all that was built.</summary>
    public async Task CleanAsync() => (await RunAsync("clean")).Succeeded();

    /// <summary>Starts a command.</summary>
    public ChildProcess Start(string command, params IEnumerable<string> arguments)
    {
        string[] startup =
        [
            "--nohome_rc", "--nosystem_rc", "--noworkspace_rc", "--install_base=/usr/share/bazel", "--trust_install_base",
            .. Settings is null ? Array.Empty<string>() : [$"--bazelrc={Settings}"], $"--output_user_root={root["output"]}", "--max_idle_secs=120", "--host_jvm_args=-Xmx768m",
        ];
        IEnumerable<string> flags = command is "build" or "test"
            ? ["--color=no", "--curses=no", "--show_progress_rate_limit=0", .. stubbedRepositories.Select(name => $"--override_repository={name}={root["stubs", name]}")]
            : [];
        // Bazel connects to its server over loopback: a proxy in the environment would be in its way.
        var environment = new Dictionary<string, string?> { ["http_proxy"] = null, ["https_proxy"] = null, ["HTTP_PROXY"] = null, ["HTTPS_PROXY"] = null };
        string[] words = [.. launcher, "bazel", .. startup, command, .. flags, .. arguments];
        return ChildProcess.Start(words[0], words[1..], root["workspace"], environment);
    }

    public async ValueTask DisposeAsync()
    {
        await RunAsync("shutdown");
        root.Dispose();
    }

    private static string Reexport(params string[] rules) => string.Concat(rules.Select(rule => $"{rule} = native.{rule}\n"));

    private static void WriteAt(string path, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
    }
}
