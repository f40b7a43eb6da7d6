using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.TestKit;
using RemoteExec.Worker.Outputs;
using RemoteExec.Worker.Services;

namespace RemoteExec.Worker.Tests.Services;

/// <summary>What becomes of a log that is copied while it is written, whatever happens on the way.</summary>
public sealed class LiveLogTests : IAsyncLifetime
{
    private const int MaxBytes = 2_000_000;
    private readonly TempDirectory temp = new();
    private readonly ManualTimeProvider time = new();
    private FakeLogServer server = null!;
    private ActionLog log = null!;
    private LiveLog live = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private FakeLogServer.Stream TheStream => Assert.Single(server.Streams).Value;

    public async ValueTask InitializeAsync()
    {
        server = await FakeLogServer.StartAsync();
        log = new ActionLog("stdout", Path.Combine(temp.Path, "stdout"), MaxBytes);
        live = new LiveLog(log, InstanceName.Parse("some/instance"), server.Client, NullLogger.Instance, time);
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        temp.Dispose();
    }

    [Fact, Rule("LOG-01")]
    public async Task What_is_written_is_copied_and_then_its_end()
    {
        await WriteAsync("one ");
        await live.SendAsync(finishes: false, Token);
        Assert.Equal("one ", TheStream.Text);
        Assert.Equal(live.Name, server.Streams.Keys.Single());
        Assert.StartsWith("some/instance/", live.Name, StringComparison.Ordinal);

        await live.SendAsync(finishes: false, Token); // nothing new: nothing to say
        await WriteAsync("two");
        await live.SendAsync(finishes: false, Token);
        await live.SendAsync(finishes: true, Token);
        await live.SendAsync(finishes: true, Token);

        Assert.Equal("one two", TheStream.Text);
        Assert.True(TheStream.IsFinished);
        Assert.Equal(["Create", "Write", "Write", "Write"], server.Calls);
    }

    [Fact]
    public async Task A_log_without_content_costs_nothing()
    {
        await live.SendAsync(finishes: false, Token);
        await WriteAsync("");
        await live.SendAsync(finishes: true, Token);

        Assert.Empty(server.Calls);
        Assert.Equal("", live.Name);
    }

    [Fact]
    public async Task A_long_log_goes_in_pieces_and_no_further_than_it_is_kept()
    {
        string content = string.Concat(Enumerable.Range(0, 300_000).Select(number => $"{number:D7}\n"));
        await WriteAsync(content);

        await live.SendAsync(finishes: true, Token);

        Assert.Equal(content[..MaxBytes], TheStream.Text);
        Assert.True(TheStream.IsFinished);
    }

    [Theory]
    [InlineData(StatusCode.Unavailable)]
    [InlineData(StatusCode.DeadlineExceeded)]
    public async Task What_failed_is_tried_again_at_the_next_step_and_nothing_is_there_twice(StatusCode code)
    {
        await WriteAsync("one ");
        server.FailsBefore = method => method == "Create" ? code : null;
        await live.SendAsync(finishes: false, Token);
        server.FailsBefore = _ => null;
        server.FailsAfter = method => method == "Write" ? code : null; // taken, but nobody heard of that
        await live.SendAsync(finishes: false, Token);
        await WriteAsync("two ");
        server.FailsAfter = _ => null;
        server.FailsBefore = method => method == "Query" ? code : null;
        await live.SendAsync(finishes: false, Token);
        server.FailsBefore = _ => null;
        server.FailsAfter = method => method == "Write" ? code : null;
        await live.SendAsync(finishes: true, Token); // the end was taken, too
        server.FailsAfter = _ => null;

        await live.SendAsync(finishes: true, Token);

        Assert.Equal("one two ", TheStream.Text);
        Assert.True(TheStream.IsFinished);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_stream_that_the_server_has_forgotten_is_begun_anew_with_all_of_the_log(bool atTheEnd)
    {
        await WriteAsync("one ");
        await live.SendAsync(finishes: false, Token);
        string before = live.Name;
        server.Forget();
        await WriteAsync("two");

        await live.SendAsync(finishes: atTheEnd, Token);

        Assert.NotEqual(before, live.Name);
        Assert.Equal("one two", server.Streams[live.Name].Text);
        Assert.Equal(atTheEnd, TheStream.IsFinished);
    }

    [Theory]
    [InlineData(StatusCode.Unimplemented)] // an older server
    [InlineData(StatusCode.PermissionDenied)]
    [InlineData(StatusCode.ResourceExhausted)]
    public async Task A_server_that_will_not_have_it_is_asked_once(StatusCode code)
    {
        server.FailsBefore = _ => code;
        await WriteAsync("one");

        await live.SendAsync(finishes: false, Token);
        await live.SendAsync(finishes: true, Token);

        Assert.Equal(["Create"], server.Calls);
    }

    [Fact]
    public async Task A_server_that_forgets_again_and_again_is_given_up()
    {
        server.FailsBefore = method => method == "Write" ? StatusCode.NotFound : null;
        await WriteAsync("one");

        await live.SendAsync(finishes: true, Token);

        Assert.InRange(server.Calls.Count, 2, 100);
    }

    [Fact]
    public async Task A_log_that_the_action_has_made_shorter_is_not_copied_any_more()
    {
        await WriteAsync("one two");
        await live.SendAsync(finishes: false, Token);
        await File.WriteAllTextAsync(log.Path, "1", Token);

        await live.SendAsync(finishes: true, Token);

        Assert.Equal("one two", TheStream.Text);
        Assert.False(TheStream.IsFinished); // what readers have is not the log
    }

    [Fact]
    public async Task Who_has_nothing_to_say_for_long_says_that_he_is_there()
    {
        await WriteAsync("one");
        await live.SendAsync(finishes: false, Token);
        time.Advance(TimeSpan.FromSeconds(29));
        await live.SendAsync(finishes: false, Token);
        Assert.Equal(["Create", "Write"], server.Calls);

        time.Advance(TimeSpan.FromSeconds(1));
        await live.SendAsync(finishes: false, Token);

        Assert.Equal(["Create", "Write", "Write"], server.Calls);
        Assert.Equal("one", TheStream.Text);
    }

    [Fact]
    public async Task The_logs_of_an_action_that_ends_soon_are_not_copied_at_all()
    {
        await WriteAsync("one");
        await using var logs = new LiveLogs(log, log, default, server.Client, (_, _) => Assert.Fail("there is nothing to tell"), NullLogger.Instance, time);
        time.Advance(TimeSpan.FromMilliseconds(999));

        await logs.FinishAsync();

        Assert.Empty(server.Calls);
    }

    [Fact]
    public async Task The_logs_of_an_action_that_runs_on_are_copied_and_their_names_are_told_once()
    {
        await WriteAsync("one");
        var silent = new ActionLog("stderr", Path.Combine(temp.Path, "stderr"), MaxBytes);
        var told = new TaskCompletionSource<(string, string)>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (var logs = new LiveLogs(log, silent, default, server.Client, (stdout, stderr) => told.SetResult((stdout, stderr)), NullLogger.Instance, time))
        {
            time.Advance(TimeSpan.FromSeconds(1));
            (string stdout, string stderr) = await told.Task;
            Assert.Equal((server.Streams.Keys.Single(), ""), (stdout, stderr));
            await WriteAsync(" two");
            await logs.FinishAsync();
        }

        Assert.Equal("one two", TheStream.Text);
        Assert.True(TheStream.IsFinished);
    }

    private Task WriteAsync(string text) => File.AppendAllTextAsync(log.Path, text, Token);
}
