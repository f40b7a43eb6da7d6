using System.Globalization;
using Microsoft.Win32.SafeHandles;
using RemoteExec.Native;
using RemoteExec.TestKit;
using RemoteExec.Worker.Sandbox;
using RemoteExec.Worker.Sandbox.Groups;

namespace RemoteExec.Worker.Tests.Sandbox;

/// <summary>What every tier of <see cref="ISandbox"/> promises. Each test runs real processes in an action's directory of its own.</summary>
public abstract class SandboxContract : IAsyncLifetime
{
    // Until the kernel has counted a fifth of a second for this process.
    private const string Busy = "while read -r -a fields < /proc/$BASHPID/stat; (( fields[13] + fields[14] < 20 )); do :; done";

    private readonly string sleep = Random.Shared.Next(100_000_000, 1_000_000_000).ToString(CultureInfo.InvariantCulture);
    private PooledSandbox? pooled;

    private protected SandboxLimits Limits { get; set; }

    private protected bool Audits { get; init; }

    private protected string? Vary { get; set; }

    /// <summary>True if no other test is to use the same sandbox.</summary>
    private protected bool IsSpent { get; set; }

    private protected SandboxChoice Choice => pooled!.Choice;

    private protected ISandbox Sandbox => Choice.Sandbox;

    private protected ActionDirectory Directory { get; private set; } = null!;

    protected string Marker => System.IO.Path.Combine(Directory.Root, "marker");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        ActionUser? user = TakeUser(); // first: it may skip the test
        pooled = await SandboxPool.TakeAsync(GetType(), () => PooledSandbox.MakeAsync(GetType(), MakeSandboxAsync));
        Directory = pooled.Scratch.MakeActionDirectory(user);
    }

    public async ValueTask DisposeAsync()
    {
        if (pooled is not null)
        {
            await Directory.DisposeAsync();
            ReturnUser(Directory.User);
            if (IsSpent)
                await pooled.DisposeAsync();
            else
                await SandboxPool.ReturnAsync(pooled);
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>Makes the sandbox; tests of one class use it one after the other.</summary>
    private protected abstract Task<SandboxChoice> MakeSandboxAsync(ScratchDirectory scratch);

    private protected static SandboxChoice ToChoice(ISandbox sandbox, ControlGroups? groups = null, IReadOnlyList<string>? problems = null) =>
        new(sandbox, null, new SandboxReport { Tier = sandbox.Tier, Users = "", Findings = [], HostPaths = [], LimitProblems = problems ?? [] }) { Groups = groups };

    private protected abstract ActionUser? TakeUser();

    private protected abstract void ReturnUser(ActionUser? user);

    [Fact]
    public async Task A_command_runs_in_its_working_directory_and_its_output_is_captured()
    {
        SandboxOutcome outcome = await ShellAsync("pwd; echo out; echo err >&2");

        Assert.Equal(0, outcome.ExitCode);
        Assert.False(outcome.TimedOut);
        Assert.False(outcome.OutOfMemory);
        Assert.Equal($"{Sandbox.RootOf(Directory)}\nout\n", Stdout);
        Assert.Equal("err\n", Stderr);
        Assert.True(outcome.Duration > TimeSpan.Zero);
    }

    [Fact, Rule("EXE-11")]
    public async Task An_exit_code_is_reported() => Assert.Equal(3, (await ShellAsync("exit 3")).ExitCode);

    [Theory, Rule("OUT-10")]
    [InlineData("KILL", 137)]
    [InlineData("TERM", 143)]
    [InlineData("ABRT", 134)]
    [InlineData("PIPE", 141)]
    public async Task A_signal_n_is_exit_code_128_plus_n(string signal, int exitCode) =>
        Assert.Equal(exitCode, (await ShellAsync($"kill -{signal} $$")).ExitCode);

    [Fact, Rule("CMD-02")]
    public async Task The_environment_is_the_commands_and_nothing_else()
    {
        await RunAsync(new() { ["A"] = "1", ["EMPTY"] = "", ["UMLAUT"] = "ä b=c\n" }, "/usr/bin/env", "-0");

        Assert.Equal(["A=1", "EMPTY=", "UMLAUT=ä b=c\n"], Stdout.TrimEnd('\0').Split('\0').Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Arguments_arrive_as_they_are()
    {
        string[] arguments = ["/usr/bin/printf", "%s|", "a b", "", "*", "$HOME", "ä\n", "'\"\\"];

        await RunAsync([], arguments);

        Assert.Equal("a b||*|$HOME|ä\n|'\"\\|", Stdout);
    }

    [Fact]
    public async Task The_umask_is_022_and_standard_input_is_empty()
    {
        await ShellAsync("umask; cat; touch f; mkdir d; stat -c %a f d");

        Assert.Equal("0022\n644\n755\n", Stdout);
    }

    [Fact]
    public async Task No_file_of_the_worker_is_open_and_no_signal_is_ignored_or_blocked()
    {
        using FileStream open = File.OpenRead("/etc/passwd");

        await ShellAsync("for f in /proc/$$/fd/*; do [ ${f##*/} -lt 255 ] && echo ${f##*/}; done; grep -E '^Sig(Ign|Blk)' /proc/$$/status");

        string[] lines = Stdout.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["0", "1", "2"], lines.SkipLast(2).Where(descriptor => descriptor != "3")); // 3 is the shell's own, to list them
        Assert.All(lines.TakeLast(2), line => Assert.Equal(0UL, Convert.ToUInt64(line.Split('\t')[1], 16) & 0x7FFFFFFF)); // the C library keeps two beyond
    }

    [Fact]
    public async Task The_output_files_can_be_opened_by_their_device_names()
    {
        await ShellAsync("echo a; echo b > /dev/stdout; echo c; echo d > /dev/stderr; echo e >&2");

        Assert.Equal("b\nc\n", Stdout); // as with any file, opening it for writing cuts it off
        Assert.Equal("d\ne\n", Stderr);
    }

    [Fact, Rule("CMD-01")]
    public async Task A_bare_name_is_looked_up_in_the_PATH_of_the_command()
    {
        WriteScript("bin/tool", "echo from PATH");
        WriteScript("tool", "echo from the working directory");

        await RunAsync(new() { ["PATH"] = $"/nowhere:{Sandbox.RootOf(Directory)}/bin" }, "tool");

        Assert.Equal("from PATH\n", Stdout);
    }

    [Fact, Rule("CMD-01")]
    public async Task A_bare_name_is_found_without_PATH_too()
    {
        SandboxOutcome outcome = await RunAsync([], "sh", "-c", "exit 7");

        Assert.Equal(7, outcome.ExitCode);
    }

    [Fact, Rule("CMD-01")]
    public async Task A_relative_entry_of_PATH_starts_at_the_working_directory()
    {
        WriteScript("wd/bin/tool", "echo $0");

        await RunInAsync("wd", new() { ["PATH"] = "bin" }, "tool");

        Assert.Equal("bin/tool\n", Stdout);
    }

    [Fact, Rule("CMD-01")]
    public async Task A_name_with_a_slash_is_relative_to_the_working_directory()
    {
        WriteScript("wd/bin/tool", "echo $0");

        await RunInAsync("wd", [], "bin/tool");

        Assert.Equal("bin/tool\n", Stdout);
    }

    [Fact, Rule("CMD-01")]
    public async Task A_bare_name_that_PATH_does_not_know_is_run_from_the_working_directory()
    {
        WriteScript("wd/tool", "echo $0");

        await RunInAsync("wd", new() { ["PATH"] = "/bin" }, "tool");

        Assert.Equal("./tool\n", Stdout);
    }

    [Fact]
    public async Task A_script_without_an_interpreter_line_is_run_by_the_shell()
    {
        WriteScript("tool", "echo run: $1", shebang: "");

        await RunAsync([], "./tool", "x");

        Assert.Equal("run: x\n", Stdout);
    }

    [Theory]
    [InlineData("./nothing", 127, "does not exist")]
    [InlineData("nothing-of-that-name", 127, "neither in a directory of PATH nor in the working directory")]
    [InlineData("/no/such/program", 127, "does not exist")]
    [InlineData("./plain", 126, "executable bit")]
    [InlineData("./broken", 127, "interpreter")]
    [InlineData("./plain/x", 126, "where a directory should be")]
    [InlineData("./directory", 126, "executable bit")]
    public async Task A_program_that_can_not_be_started_fails_as_in_a_shell_and_says_why(string program, int exitCode, string reason)
    {
        File.WriteAllText(Path.Combine(Directory.Root, "plain"), "no program");
        WriteScript("broken", "", "#!/no/such/interpreter");
        System.IO.Directory.CreateDirectory(Path.Combine(Directory.Root, "directory"));

        SandboxOutcome outcome = await RunAsync([], program);

        Assert.Equal(exitCode, outcome.ExitCode);
        Assert.Contains(reason, Stderr, StringComparison.Ordinal);
        Assert.Empty(Stdout);
    }

    [Fact]
    public async Task Arguments_that_are_too_long_are_the_actions_failure()
    {
        SandboxOutcome outcome = await RunAsync([], ["/bin/true", .. Enumerable.Repeat(new string('x', 100_000), 100)]);

        Assert.Equal(126, outcome.ExitCode);
        Assert.Contains("params file", Stderr, StringComparison.Ordinal);
    }

    [Fact, Rule("EXE-07")]
    public async Task A_timeout_stops_the_command_and_keeps_what_it_wrote()
    {
        SandboxOutcome outcome = await ShellAsync("echo partial; echo error >&2; trap '' TERM; sleep 1000", TimeSpan.FromMilliseconds(300));

        Assert.True(outcome.TimedOut);
        Assert.Equal(137, outcome.ExitCode);
        Assert.Equal("partial\n", Stdout);
        Assert.Equal("error\n", Stderr);
    }

    [Fact]
    public async Task A_crash_leaves_no_core_file()
    {
        SandboxOutcome outcome = await ShellAsync("ulimit -c; kill -SEGV $$");

        Assert.Equal("0\n", Stdout);
        Assert.Equal(139, outcome.ExitCode);
    }

    [Fact]
    public async Task Cancelling_stops_the_command()
    {
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        Task<SandboxOutcome> running = RunAsync("", [], TimeSpan.FromMinutes(5), cancellation.Token, "/bin/sh", "-c", "echo started; sleep 1000");
        await Eventually.TrueAsync(() => File.Exists(Directory.StdoutPath) && Stdout == "started\n");

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public async Task A_cancelled_command_is_not_started()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => RunAsync("", [], TimeSpan.FromMinutes(5), new CancellationToken(canceled: true), "/usr/bin/touch", Marker));

        Assert.False(File.Exists(Marker));
    }

    [Theory]
    [InlineData("sleep 987 & echo $!")] // a background process
    [InlineData("setsid sleep 987 & echo $!")] // in a session of its own
    [InlineData("(setsid sh -c 'echo $$; exec sleep 987' &)")] // its parent is gone
    [InlineData("(trap '' HUP TERM INT; cd /; exec setsid sh -c '(sh -c \"echo \\$\\$; exec sleep 987\" > pid 2>&1 < /dev/null &) ; exit' ) ; sleep 0.2")] // a daemon as in the books
    [InlineData("(setsid sh -c '(setsid sh -c \"(setsid sleep 987 & echo \\$!; sleep 987)\" & sleep 987)' &)")] // several, one below the other
    [InlineData("(setsid env -i /bin/sh -c 'echo $$; exec -a other /bin/sleep 987' &)")]
    public async Task Nothing_the_command_started_outlives_it(string script)
    {
        SandboxOutcome outcome = await ShellAsync(script);

        Assert.Equal(0, outcome.ExitCode);
        AssertNothingIsLeft();
    }

    [Fact]
    public async Task Nothing_the_command_started_outlives_its_timeout()
    {
        SandboxOutcome outcome = await ShellAsync("sleep 987 & setsid sleep 987 & (setsid sleep 987 &); sleep 987", TimeSpan.FromMilliseconds(300));

        Assert.True(outcome.TimedOut);
        AssertNothingIsLeft();
    }

    [Fact]
    public async Task Orphans_that_end_by_themselves_are_collected()
    {
        await ShellAsync("for i in 1 2 3 4 5; do (sh -c 'exit 0' &); done");

        AssertNothingIsLeft();
    }

    [Fact]
    public async Task Commands_run_side_by_side_without_ending_each_other()
    {
        SandboxOutcome[] outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(async number =>
        {
            ActionUser? user = TakeUser();
            await using ActionDirectory directory = pooled!.Scratch.MakeActionDirectory(user);
            SandboxOutcome outcome = await Sandbox.RunAsync(
                new SandboxCommand
                {
                    Arguments = ["/bin/sh", "-c", $"(setsid sleep 987 &); for i in 1 2 3; do sleep 0.0{number}; done; exit {number}"],
                    Environment = new Dictionary<string, string>(),
                    Directory = directory,
                    Lower = Sandbox.TakesLayers ? directory.Root : null,
                    Timeout = TimeSpan.FromMinutes(1),
                },
                Cancellation);
            ReturnUser(user);
            return outcome;
        }));

        Assert.Equal(Enumerable.Range(0, 8), outcomes.Select(outcome => outcome.ExitCode));
    }

    [Theory]
    [InlineData("BUSY")]
    [InlineData("(BUSY)")] // a child
    public async Task The_time_of_all_processes_is_measured(string script)
    {
        SandboxOutcome outcome = await ShellAsync(script.Replace("BUSY", Busy, StringComparison.Ordinal));

        Assert.InRange(outcome.Usage.CpuTime, TimeSpan.FromMilliseconds(190), TimeSpan.FromMinutes(1));
    }

    [Fact]
    public virtual async Task The_time_of_what_it_leaves_running_is_measured_as_well()
    {
        SandboxOutcome outcome = await ShellAsync($"(setsid bash -c '{Busy}; touch done; sleep 987' &); until [ -e done ]; do sleep 0.02; done"); // one that detached itself, and runs on

        Assert.InRange(outcome.Usage.CpuTime, TimeSpan.FromMilliseconds(190), TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task The_peak_of_memory_is_that_of_the_greatest_process()
    {
        SandboxOutcome outcome = await ShellAsync("head -c 400000000 /dev/zero | tail -c 400000000 | wc -c");

        Assert.Equal("400000000\n", Stdout);
        Assert.InRange(outcome.Usage.PeakMemoryBytes, 400_000_000, 4_000_000_000);
    }

    [Fact]
    public async Task A_command_reads_what_it_is_given()
    {
        string path = Path.Combine(Directory.Location, "given");
        await File.WriteAllTextAsync(path, "line\nrest\n", Cancellation);
        using SafeFileHandle file = File.OpenHandle(path);

        SandboxOutcome outcome = await RunWithAsync(new SandboxInput(file), "read -r line; echo \"got $line\"; cat");

        Assert.Equal((0, "got line\nrest\n"), (outcome.ExitCode, Stdout));
    }

    [Fact]
    public async Task A_command_on_a_terminal_steers_its_session_by_it_and_nobody_has_it_afterwards()
    {
        using PseudoTerminal terminal = PseudoTerminal.Open();
        if (Directory.User is { } user)
            terminal.GiveTo(user.Id);

        SandboxOutcome outcome = await RunWithAsync(new SandboxInput(terminal.Line, terminal.Path), "[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo by its name > /dev/tty; sleep 987 & exit 5");

        Assert.Equal(5, outcome.ExitCode);
        AssertNothingIsLeft();
        terminal.Line.Dispose();
        Assert.Equal("by its name\r\n", ReadAll(terminal));
        Assert.Equal(("", ""), (Stdout, Stderr));
    }

    // Until the other end is open nowhere any more: as long as anybody had it, this would wait.
    private static string ReadAll(PseudoTerminal terminal)
    {
        var text = new System.Text.StringBuilder();
        using var screen = new FileStream(terminal.Screen, FileAccess.Read, bufferSize: 0);
        byte[] buffer = new byte[1000];
        try
        {
            for (int count; (count = screen.Read(buffer)) > 0;)
                text.Append(System.Text.Encoding.UTF8.GetString(buffer, 0, count));
        }
        catch (IOException)
        {
            // How it ends.
        }

        return text.ToString();
    }

    protected string Stdout => File.ReadAllText(Directory.StdoutPath);

    protected string Stderr => File.ReadAllText(Directory.StderrPath);

    protected void WriteScript(string path, string body, string shebang = "#!/bin/sh\n")
    {
        string file = Path.Combine(Directory.Root, path);
        System.IO.Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, $"{shebang}{body}\n");
        File.SetUnixFileMode(file, (UnixFileMode)0x1ED); // 0755
    }

    private protected Task<SandboxOutcome> ShellAsync(string script, TimeSpan? timeout = null) => RunAsync(
        "", new() { ["PATH"] = "/usr/bin:/bin" }, timeout ?? TimeSpan.FromMinutes(1), Cancellation,
        "/bin/bash", "-c", script.Replace("sleep 987", $"sleep {sleep}", StringComparison.Ordinal));

    private Task<SandboxOutcome> RunWithAsync(SandboxInput input, string script) => Sandbox.RunAsync(
        CommandOf("", new() { ["PATH"] = "/usr/bin:/bin" }, TimeSpan.FromMinutes(1), "/bin/bash", "-c", script.Replace("sleep 987", $"sleep {sleep}", StringComparison.Ordinal)) with { Input = input },
        Cancellation);

    private protected Task<SandboxOutcome> RunAsync(Dictionary<string, string> environment, params string[] arguments) =>
        RunAsync("", environment, TimeSpan.FromMinutes(1), Cancellation, arguments);

    private Task<SandboxOutcome> RunInAsync(string workingDirectory, Dictionary<string, string> environment, params string[] arguments) =>
        RunAsync(workingDirectory, environment, TimeSpan.FromMinutes(1), Cancellation, arguments);

    private Task<SandboxOutcome> RunAsync(
        string workingDirectory, Dictionary<string, string> environment, TimeSpan timeout, CancellationToken cancellationToken, params string[] arguments) =>
        Sandbox.RunAsync(CommandOf(workingDirectory, environment, timeout, arguments), cancellationToken);

    private SandboxCommand CommandOf(string workingDirectory, Dictionary<string, string> environment, TimeSpan timeout, params string[] arguments) => new()
    {
        Arguments = arguments,
        Environment = environment,
        Directory = Directory,
        WorkingDirectory = workingDirectory,
        Lower = Sandbox.TakesLayers ? Directory.Root : null,
        Limits = Limits,
        Audit = Audits,
        Vary = Vary,
        Timeout = timeout,
    };

    // Processes sleep for a time that no other test has: by that they are known, wherever they went.
    protected void AssertNothingIsLeft() =>
        Assert.DoesNotContain(System.IO.Directory.EnumerateDirectories("/proc"), process => int.TryParse(Path.GetFileName(process), out _) && CommandLineOf(process).Contains(sleep, StringComparison.Ordinal));

    private static string CommandLineOf(string process)
    {
        try
        {
            return File.ReadAllText($"{process}/cmdline");
        }
        catch (IOException)
        {
            return ""; // it has ended
        }
    }
}
