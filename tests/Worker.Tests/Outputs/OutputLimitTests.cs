using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.TestKit;
using RemoteExec.Worker.Outputs;

namespace RemoteExec.Worker.Tests.Outputs;

/// <summary>An action that leaves more than it may have as outputs.</summary>
public sealed class OutputLimitTests
{
    [Theory, Rule("EXE-04")]
    [InlineData("head -c 600 /dev/zero > a; head -c 401 /dev/zero > d/b", "'d/b' has 401", "at least 1001 bytes", "1000 that the worker's setting worker.maxOutputBytes")]
    [InlineData("truncate -s 1G a", "'a' has 1073741824", "at least 1073741824 bytes", "worker.maxOutputBytes")]
    [InlineData("touch d/1 d/2 d/3 d/4; ln -s x a", "the first beyond", "more than 5 files, directories and symlinks", "worker.maxOutputFiles")]
    public async Task Nothing_of_it_is_uploaded_and_the_answer_names_the_limit_and_what_was_found(string script, params string[] words)
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync(options => options with { MaxOutputBytes = 1000, MaxOutputFiles = 5 });

        ExecutionOutcome outcome = await worker.ShellAsync($"mkdir d; echo log; {script}", "a", "d");

        Assert.Equal((int)StatusCode.FailedPrecondition, outcome.Response.Status.Code);
        Assert.All(words, word => Assert.Contains(word, outcome.Response.Status.Message, StringComparison.Ordinal));
        Assert.False(outcome.Retryable);
        Assert.Equal("log\n", await worker.ReadAsync(outcome.Response.Result.StdoutDigest));
        Assert.Empty(outcome.Response.Result.OutputFiles);
        Assert.Empty(outcome.Response.Result.OutputDirectories);
        Assert.Empty(outcome.Response.Result.OutputSymlinks);
        Assert.False(await worker.Cas.ContainsAsync(ActionFixture.Anchor.SiblingOf(new byte[600]), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task As_much_as_is_allowed_is_taken()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync(options => options with { MaxOutputBytes = 1000, MaxOutputFiles = 4 });

        Reapi.ExecuteResponse response = (await worker.ShellAsync("mkdir d; head -c 600 /dev/zero > a; head -c 400 /dev/zero > d/b; ln -s x d/c", "a", "d")).Response;

        Assert.Null(response.Status);
        Assert.Single(response.Result.OutputFiles);
        Assert.Single(response.Result.OutputDirectories);
    }

    [Fact]
    public async Task A_command_that_failed_is_reported_as_such_and_the_limit_beside()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync(options => options with { MaxOutputFiles = 0 });

        Reapi.ExecuteResponse response = (await worker.ShellAsync("touch a; exit 3", "a")).Response;

        Assert.Null(response.Status);
        Assert.Equal(3, response.Result.ExitCode);
        Assert.Empty(response.Result.OutputFiles);
        Assert.Contains("worker.maxOutputFiles", response.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(OutputProperties.MaxBytes, "1k", 1024, 10)]
    [InlineData(OutputProperties.MaxBytes, "10m", 2000, 10)] // wider than the worker's
    [InlineData(OutputProperties.MaxFiles, "3", 2000, 3)]
    [InlineData(OutputProperties.MaxFiles, "11", 2000, 10)]
    [InlineData("other", "nonsense", 2000, 10)]
    public void An_action_may_ask_for_less_but_not_for_more(string name, string value, long bytes, long files)
    {
        var platform = new Reapi.Platform { Properties = { new Reapi.Platform.Types.Property { Name = name, Value = value } } };

        OutputLimits limits = OutputLimits.Of(new WorkerOptions { MaxOutputBytes = 2000, MaxOutputFiles = 10 }, platform);

        Assert.Equal((bytes, files), (limits.MaxBytes, limits.MaxFiles));
    }

    [Theory, Rule("ACT-06")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_property_is_found_in_the_action_or_else_in_the_command(bool inAction)
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();
        var platform = new Reapi.Platform { Properties = { new Reapi.Platform.Types.Property { Name = OutputProperties.MaxBytes, Value = "3" } } };
        var command = new Reapi.Command { Arguments = { "/bin/sh", "-c", "echo long > out" }, OutputPaths = { "out" } };
#pragma warning disable CS0612 // deprecated, but to be understood
        if (!inAction)
            command.Platform = platform;
#pragma warning restore CS0612
        var action = new Reapi.Action
        {
            CommandDigest = (await worker.StoreAsync(command)).ToProto(),
            InputRootDigest = EmptyBlob.DigestOf(ActionFixture.Anchor.Instance, ActionFixture.Anchor.Function).ToProto(),
            Platform = inAction ? platform : null,
        };

        Reapi.ExecuteResponse response = (await worker.RunAsync(action)).Response;

        Assert.Equal((int)StatusCode.FailedPrecondition, response.Status.Code);
        Assert.Contains("the action's platform property max-output-bytes", response.Status.Message, StringComparison.Ordinal);
    }
}
