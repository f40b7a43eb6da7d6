using Google.Protobuf;
using Google.Rpc;
using RemoteExec.Cas;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Workers;
using RemoteExec.Rpc;
using RemoteExec.TestKit;

namespace RemoteExec.Worker.Tests;

/// <summary>Whole actions: what a client gets for what it asked.</summary>
public sealed class ExecutorTests
{
    private static readonly byte[] garbage = [0xFF, 0xFF, 0xFF];

    [Fact, Rule("OUT-09"), Rule("EXE-11")]
    public async Task An_action_runs_and_its_result_is_complete()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();
        await worker.AddFileAsync("in/a.txt", "content");

        ExecutionOutcome outcome = await worker.ShellAsync("cat in/a.txt | tr a-z A-Z > out/b.txt; echo hello; echo oops >&2; exit 5", "out/b.txt");

        Assert.Null(outcome.Response.Status);
        Assert.False(outcome.Retryable);
        Reapi.ActionResult result = outcome.Response.Result;
        Assert.Equal(5, result.ExitCode);
        Assert.Equal("hello\n", await worker.ReadAsync(result.StdoutDigest));
        Assert.Equal("oops\n", await worker.ReadAsync(result.StderrDigest));
        Reapi.OutputFile file = Assert.Single(result.OutputFiles);
        Assert.Equal("out/b.txt", file.Path);
        Assert.Equal("CONTENT", await worker.ReadAsync(file.Digest));
    }

    [Fact, Rule("OUT-09")]
    public async Task Silent_streams_have_no_digest()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();

        Reapi.ActionResult result = (await worker.ShellAsync("true")).Response.Result;

        Assert.Null(result.StdoutDigest);
        Assert.Null(result.StderrDigest);
    }

    [Fact, Rule("OUT-11"), Rule("ACT-03"), Rule("Q-40")]
    public async Task The_metadata_tells_who_and_when()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();

        Reapi.ExecutedActionMetadata metadata = (await worker.ShellAsync("sleep 0.01")).Response.Result.ExecutionMetadata;

        Assert.Equal("test-worker", metadata.Worker);
        Assert.Equal(1, metadata.QueuedTimestamp.Seconds);
        DateTime[] times =
        [
            .. new[]
            {
                metadata.WorkerStartTimestamp, metadata.InputFetchStartTimestamp, metadata.InputFetchCompletedTimestamp, metadata.ExecutionStartTimestamp,
                metadata.ExecutionCompletedTimestamp, metadata.OutputUploadStartTimestamp, metadata.OutputUploadCompletedTimestamp,
                metadata.WorkerCompletedTimestamp,
            }.Select(timestamp => timestamp.ToDateTime()),
        ];
        Assert.Equal(times.Order(), times);
        Assert.InRange(metadata.VirtualExecutionDuration.ToTimeSpan(), TimeSpan.FromMilliseconds(10), times[4] - times[3] + TimeSpan.FromMilliseconds(1));
        Assert.Equal(3, worker.Reports.Count);
        Assert.NotNull(worker.Reports[1].InputFetchCompletedTimestamp);
        Assert.Null(worker.Reports[1].ExecutionCompletedTimestamp);
    }

    [Fact]
    public async Task What_a_command_used_is_told_if_it_ran_to_its_end()
    {
        await using ActionFixture client = await ActionFixture.MakeAsync();

        ExecutionOutcome failed = await client.ShellAsync("sleep 0.05; exit 3");
        ExecutionOutcome stopped = await client.RunAsync(new Reapi.Command { Arguments = { "/bin/sleep", "987" } }, TimeSpan.FromMilliseconds(100));

        Assert.InRange(failed.Usage!.WallTime.ToTimeSpan(), TimeSpan.FromMilliseconds(50), TimeSpan.FromMinutes(1));
        Assert.InRange(failed.Usage.PeakMemoryBytes, 1, long.MaxValue);
        Assert.NotNull(failed.Usage.CpuTime);
        Assert.False(failed.OutOfMemory);
        Assert.Null(stopped.Usage);
    }

    [Fact]
    public async Task Where_a_command_ran_stands_beside_its_result()
    {
        await using ActionFixture client = await ActionFixture.MakeAsync();

        ExecutionOutcome outcome = await client.ShellAsync("true");

        Usage told = Assert.Single(outcome.Response.Result.ExecutionMetadata.AuxiliaryMetadata).Unpack<Usage>();
        Assert.Equal(Environment.MachineName, told.Host);
        Assert.NotEmpty(told.Sandbox);
        Assert.Equal(outcome.Usage, told);
    }

    [Fact, Rule("EXE-07"), Rule("Q-12"), Rule("ACT-02")]
    public async Task A_timeout_is_DEADLINE_EXCEEDED_with_what_was_written()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();

        ExecutionOutcome outcome = await worker.RunAsync(
            new Reapi.Command { Arguments = { "/bin/sh", "-c", "echo partial; echo err >&2; sleep 1000" } }, TimeSpan.FromMilliseconds(200));

        Assert.Equal((int)StatusCode.DeadlineExceeded, outcome.Response.Status.Code);
        Assert.Contains("0.2 s", outcome.Response.Status.Message, StringComparison.Ordinal);
        Assert.False(outcome.Retryable);
        Assert.Equal("partial\n", await worker.ReadAsync(outcome.Response.Result.StdoutDigest));
        Assert.Equal("err\n", await worker.ReadAsync(outcome.Response.Result.StderrDigest));
        Assert.NotNull(outcome.Response.Result.ExecutionMetadata);
    }

    [Fact]
    public async Task A_cancelled_action_has_no_outcome()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();
        using var cancellation = new CancellationTokenSource();
        Digest root = await worker.StoreAsync(new Reapi.Directory());
        Digest command = await worker.StoreAsync(new Reapi.Command { Arguments = { "/bin/sleep", "1000" } });
        Task<ExecutionOutcome> running = worker.RunAsync(
            new Reapi.Action { CommandDigest = command.ToProto(), InputRootDigest = root.ToProto() }, cancellationToken: cancellation.Token);
        await Eventually.TrueAsync(() => worker.Reports.Count == 2);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.Empty(Directory.EnumerateFileSystemEntries(worker.Scratch.Actions));
    }

    [Fact, Rule("EXE-05"), Rule("Q-02"), Rule("Q-03"), Rule("Q-11"), Rule("ACT-01"), Rule("DIR-08")]
    public async Task All_missing_blobs_are_listed_in_one_precondition_failure()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();
        Digest file = TestBlob.Random(1, 10, "some/instance").Digest;
        Digest other = TestBlob.Random(2, 10, "some/instance").Digest;
        Digest directory = TestBlob.Random(3, 10, "some/instance").Digest;
        Digest command = TestBlob.Random(4, 10, "some/instance").Digest;
        var sub = new Reapi.Directory { Files = { new Reapi.FileNode { Name = "x", Digest = other.ToProto() }, new Reapi.FileNode { Name = "y", Digest = file.ToProto() } } };
        var root = new Reapi.Directory
        {
            Files = { new Reapi.FileNode { Name = "f", Digest = file.ToProto() } },
            Directories =
            {
                new Reapi.DirectoryNode { Name = "gone", Digest = directory.ToProto() },
                new Reapi.DirectoryNode { Name = "sub", Digest = (await worker.StoreAsync(sub)).ToProto() },
            },
        };

        ExecutionOutcome outcome = await worker.RunAsync(
            new Reapi.Action { CommandDigest = command.ToProto(), InputRootDigest = (await worker.StoreAsync(root)).ToProto() });

        Assert.Equal((int)StatusCode.FailedPrecondition, outcome.Response.Status.Code);
        Assert.False(outcome.Retryable);
        PreconditionFailure failure = Assert.Single(outcome.Response.Status.Details).Unpack<PreconditionFailure>();
        Assert.Equal("type.googleapis.com/google.rpc.PreconditionFailure", outcome.Response.Status.Details[0].TypeUrl);
        Assert.All(failure.Violations, violation => Assert.Equal("MISSING", violation.Type));
        Assert.Equal(
            new[] { file, other, directory, command }.Select(digest => $"blobs/{digest.Hash}/{digest.SizeBytes}").Order(StringComparer.Ordinal),
            failure.Violations.Select(violation => violation.Subject).Order(StringComparer.Ordinal));
    }

    [Fact, Rule("DIG-03")]
    public async Task Empty_files_and_an_empty_root_need_not_be_in_the_CAS()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();
        worker.Inputs.AddFile("empty", ActionFixture.Anchor).AddFile("empty.sh", ActionFixture.Anchor, isExecutable: true).AddDirectory("d");

        Reapi.ActionResult result = (await worker.ShellAsync("stat -c '%s %a %n' empty empty.sh; ls d; touch out", "out")).Response.Result;

        Assert.Equal("0 444 empty\n0 555 empty.sh\n", await worker.ReadAsync(result.StdoutDigest));
        Assert.Equal(ActionFixture.Anchor.ToProto(), Assert.Single(result.OutputFiles).Digest);

        var action = new Reapi.Action
        {
            CommandDigest = (await worker.StoreAsync(new Reapi.Command { Arguments = { "true" } })).ToProto(),
            InputRootDigest = ActionFixture.Anchor.ToProto(),
        };
        Assert.Equal(0, (await worker.RunAsync(action)).Response.Result.ExitCode);
    }

    [Fact, Rule("DIR-08")]
    public async Task Directories_and_commands_that_do_not_parse_are_INVALID_ARGUMENT()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();
        Digest bad = await worker.StoreAsync(garbage);
        Digest good = await worker.StoreAsync(new Reapi.Command { Arguments = { "true" } });

        ExecutionOutcome badRoot = await worker.RunAsync(new Reapi.Action { CommandDigest = good.ToProto(), InputRootDigest = bad.ToProto() });
        ExecutionOutcome badCommand = await worker.RunAsync(new Reapi.Action { CommandDigest = bad.ToProto(), InputRootDigest = ActionFixture.Anchor.ToProto() });

        AssertInvalid(badRoot, "is used as a directory");
        AssertInvalid(badCommand, "is used as a command");
    }

    [Fact, Rule("GEN-06")]
    public async Task An_action_without_digests_is_INVALID_ARGUMENT()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();

        AssertInvalid(await worker.RunAsync(new Reapi.Action()), "command_digest");
    }

    [Theory]
    [InlineData(StoreOperation.OpenRead)]
    [InlineData(StoreOperation.Read)]
    public async Task A_store_that_fails_is_UNAVAILABLE_and_worth_another_try(StoreOperation operation)
    {
        var store = new FaultyStore(new MemoryStore(1 << 20));
        await using ActionFixture worker = await ActionFixture.MakeAsync(cas: store);
        await worker.AddFileAsync("f", "content");
        store.Fail(operation, () => new StoreUnavailableException("disk", null));

        ExecutionOutcome outcome = await worker.ShellAsync("true");

        Assert.Equal((int)StatusCode.Unavailable, outcome.Response.Status.Code);
        Assert.True(outcome.Retryable);
    }

    [Fact, Rule("CAS-08")]
    public async Task A_full_store_is_RESOURCE_EXHAUSTED_and_worth_another_try()
    {
        var store = new FaultyStore(new MemoryStore(1 << 20));
        await using ActionFixture worker = await ActionFixture.MakeAsync(cas: store);
        worker.Inputs.AddDirectory("");
        Digest command = await worker.StoreAsync(new Reapi.Command { Arguments = { "/bin/echo", "x" } });
        store.Fail(StoreOperation.OpenWrite, () => new StoreFullException("disk", 2, "buy more"));

        ExecutionOutcome outcome = await worker.RunAsync(
            new Reapi.Action { CommandDigest = command.ToProto(), InputRootDigest = ActionFixture.Anchor.ToProto() });

        Assert.Equal((int)StatusCode.ResourceExhausted, outcome.Response.Status.Code);
        Assert.True(outcome.Retryable);
    }

    [Fact, Rule("BSR-08")]
    public async Task An_input_that_turns_out_to_be_damaged_is_missing()
    {
        var store = new FaultyStore(new MemoryStore(1 << 20));
        await using ActionFixture worker = await ActionFixture.MakeAsync(cas: store);
        Digest file = await worker.StoreAsync([1, 2, 3]);
        worker.Inputs.AddFile("f", file);
        store.Before = (operation, digest) => operation == StoreOperation.Read && digest == file ? throw new BlobCorruptException(file) : ValueTask.CompletedTask;

        ExecutionOutcome outcome = await worker.ShellAsync("true");

        PreconditionFailure failure = Assert.Single(outcome.Response.Status.Details).Unpack<PreconditionFailure>();
        Assert.Equal($"blobs/{file.Hash}/3", Assert.Single(failure.Violations).Subject);
    }

    [Fact, Rule("EXE-04")]
    public async Task A_disk_of_the_worker_that_fails_is_UNAVAILABLE_and_told_to_the_operator()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();
        string aside = worker.Scratch.Actions + "-aside";
        Directory.Move(worker.Scratch.Actions, aside);
        await File.WriteAllTextAsync(worker.Scratch.Actions, "in the way", TestContext.Current.CancellationToken);

        ExecutionOutcome outcome = await worker.ShellAsync("true");
        File.Delete(worker.Scratch.Actions);
        Directory.Move(aside, worker.Scratch.Actions);

        Assert.Equal((int)StatusCode.Unavailable, outcome.Response.Status.Code);
        Assert.True(outcome.Retryable);
        Assert.Contains("could not be run here", Assert.Single(worker.Log.Entries).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_defect_is_INTERNAL_without_its_details()
    {
        var store = new FaultyStore(new MemoryStore(1 << 20));
        await using ActionFixture worker = await ActionFixture.MakeAsync(cas: store);
        store.Fail(StoreOperation.OpenRead, () => new InvalidOperationException("secret"));

        ExecutionOutcome outcome = await worker.ShellAsync("true");

        Assert.Equal((int)StatusCode.Internal, outcome.Response.Status.Code);
        Assert.DoesNotContain("secret", outcome.Response.Status.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_long_output_is_cut_off_and_the_response_says_so()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync(options => options with { MaxLogBytes = 100_000 });

        Reapi.ExecuteResponse response = (await worker.ShellAsync("head -c 150000 /dev/zero; echo small >&2")).Response;

        Assert.Equal(100_000, response.Result.StdoutDigest.SizeBytes);
        Assert.Equal(100_000, (await worker.ReadBytesAsync(response.Result.StdoutDigest)).Length);
        Assert.Equal("small\n", await worker.ReadAsync(response.Result.StderrDigest));
        Assert.Contains("only the first 100000", response.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_action_that_writes_without_end_does_not_fill_the_disk_and_what_is_kept_is_the_beginning()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync(options => options with { MaxLogBytes = 100_000 });

        // It goes on writing until it has seen its own file grow shorter than what it has written.
        Reapi.ExecuteResponse response = (await worker.ShellAsync(
            """
            echo first; written=0
            for i in $(seq 20000); do
              head -c 1000000 /dev/zero; written=$((written + 1000000))
              if [ $(stat -Lc %s /dev/stdout) -lt $written ]; then echo cut >&2; exit 0; fi
            done
            """)).Response;

        Assert.Equal("cut\n", await worker.ReadAsync(response.Result.StderrDigest));
        byte[] kept = await worker.ReadBytesAsync(response.Result.StdoutDigest);
        Assert.Equal(100_000, kept.Length);
        Assert.Equal("first\n"u8, kept.AsSpan(0, 6));
        Assert.Contains("stdout is longer than 100000 bytes", response.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_that_ran_out_of_memory_is_told_from_others_and_what_it_wrote_is_kept()
    {
        using var kernel = new TempDirectory();
        string count = Path.Combine(kernel.Path, "proc", "vmstat");
        Directory.CreateDirectory(Path.GetDirectoryName(count)!);
        await File.WriteAllTextAsync(count, "oom_kill 3\n", TestContext.Current.CancellationToken);
        await using ActionFixture worker = await ActionFixture.MakeAsync(separateUsers: false, kernelRoot: kernel.Path);

        ExecutionOutcome outcome = await worker.ShellAsync($"echo out; echo oom_kill 4 > {count}; kill -KILL $$");

        Assert.True(outcome.OutOfMemory);
        Assert.Null(outcome.Response.Status);
        Assert.Equal(137, outcome.Response.Result.ExitCode);
        Assert.Contains("memory was short", outcome.Response.Message, StringComparison.Ordinal);
        Assert.Equal("out\n", await worker.ReadAsync(outcome.Response.Result.StdoutDigest));
    }

    [Fact, Rule("EXE-11")]
    public async Task An_exit_code_that_looks_like_a_signal_is_none()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();

        Reapi.ExecuteResponse response = (await worker.ShellAsync("exit 139")).Response;

        Assert.Equal(139, response.Result.ExitCode);
        Assert.Equal("", response.Message);
    }

    [Theory, Rule("OUT-10")]
    [InlineData("KILL", 137)]
    [InlineData("SEGV", 139)]
    public async Task What_a_command_wrote_until_a_signal_is_kept(string signal, int exitCode)
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();

        Reapi.ExecuteResponse response = (await worker.ShellAsync($"echo out; echo err >&2; kill -{signal} $$")).Response;

        Assert.Null(response.Status);
        Assert.Equal(exitCode, response.Result.ExitCode);
        Assert.Equal($"the command was ended by signal {exitCode - 128} (SIG{signal})\n", response.Message);
        Assert.Equal("out\n", await worker.ReadAsync(response.Result.StdoutDigest));
        Assert.Equal("err\n", await worker.ReadAsync(response.Result.StderrDigest));
    }

    [Fact, Rule("CMD-02")]
    public async Task Temporary_files_go_to_a_place_that_disappears_unless_the_command_says_where()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();

        Reapi.ActionResult own = (await worker.ShellAsync("mktemp; echo $TMPDIR; ls -A $TMPDIR | wc -l")).Response.Result;
        var command = new Reapi.Command { Arguments = { "/usr/bin/env" } };
        command.EnvironmentVariables.Add(new Reapi.Command.Types.EnvironmentVariable { Name = "TMPDIR", Value = "/x" });
        Reapi.ActionResult theirs = (await worker.RunAsync(command)).Response.Result;

        string[] lines = (await worker.ReadAsync(own.StdoutDigest)).Split('\n');
        Assert.StartsWith(lines[1], lines[0], StringComparison.Ordinal);
        Assert.Equal("1", lines[2]);
        Assert.False(File.Exists(lines[0]));
        Assert.Equal("TMPDIR=/x\n", await worker.ReadAsync(theirs.StdoutDigest));
    }

    [Fact, Rule("CMD-01")]
    public async Task A_command_without_arguments_is_INVALID_ARGUMENT()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();

        AssertInvalid(await worker.RunAsync(new Reapi.Command()), "no arguments");
    }

    [Fact, Rule("EXE-11")]
    public async Task A_program_that_does_not_exist_is_a_result()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();

        Reapi.ExecuteResponse response = (await worker.RunAsync(new Reapi.Command { Arguments = { "bin/nothing" } })).Response;

        Assert.Null(response.Status);
        Assert.Equal(127, response.Result.ExitCode);
        Assert.Contains("'bin/nothing' does not exist", await worker.ReadAsync(response.Result.StderrDigest), StringComparison.Ordinal);
    }

    internal static void AssertInvalid(ExecutionOutcome outcome, string reason)
    {
        Assert.Equal((int)StatusCode.InvalidArgument, outcome.Response.Status?.Code);
        Assert.Contains(reason, outcome.Response.Status!.Message, StringComparison.Ordinal);
        Assert.False(outcome.Retryable);
        Assert.Null(outcome.Response.Result);
    }
}
