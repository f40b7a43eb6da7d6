using System.Text;
using RemoteExec.Execution.Logs;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.Execution.Tests.Logs;

/// <summary>What becomes of live logs, however they are written and read.</summary>
public sealed class LogStreamsTests : IAsyncDisposable
{
    private readonly TemporaryDirectory temp = new();
    private readonly ManualTimeProvider time = new();
    private readonly LogStreamsOptions options = new() { MaxStreams = 3, MaxStreamBytes = 100, MaxBytes = 150 };
    private readonly LogStreams streams;

    public LogStreamsTests() => streams = new LogStreams(Path.Combine(temp.FullPath, "live"), options, time);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await streams.DisposeAsync();
        temp.Dispose();
    }

    [Fact, Rule("LOG-03")]
    public async Task Readers_follow_a_log_from_where_they_want_and_end_with_it()
    {
        LogStreamName name = streams.Create(default);
        await WriteAsync(name, 0, "one ");
        Task<string> fromStart = ReadAsync(name, 0), fromEnd = ReadAsync(name, 4), fromLater = ReadAsync(name, 6), beyond = ReadAsync(name, 20);
        Task<string> bytewise = ReadAsync(name, 0, bufferBytes: 1);

        Assert.Equal(8, await WriteAsync(name, 4, "two "));
        Assert.False(fromStart.IsCompleted);
        Assert.Equal(13, await WriteAsync(name, 8, "three", finishes: true));

        Assert.Equal("one two three", await fromStart);
        Assert.Equal("two three", await fromEnd);
        Assert.Equal("o three", await fromLater);
        Assert.Equal("one two three", await bytewise);
        Assert.Equal("one two three", await ReadAsync(name, 0)); // who comes after the end
        Assert.Equal("", await ReadAsync(name, 13));
        Assert.Equal(LogStreamFailure.BehindEnd, await FailureAsync(() => beyond));
    }

    [Fact, Rule("LOG-03")]
    public async Task What_was_written_stays_and_what_is_finished_gets_no_longer()
    {
        LogStreamName name = streams.Create(default);
        await WriteAsync(name, 0, "12345");

        Assert.Equal(LogStreamFailure.BadRequest, await FailureAsync(() => WriteAsync(name, 3, "x")));
        Assert.Equal(LogStreamFailure.BadRequest, await FailureAsync(() => WriteAsync(name, 6, "x")));
        Assert.Equal((5, false), Status(name));
        await WriteAsync(name, 5, "", finishes: true);
        Assert.Equal((5, true), Status(name));
        Assert.Equal(LogStreamFailure.BadRequest, await FailureAsync(() => WriteAsync(name, 5, "x")));
        Assert.Equal("12345", await ReadAsync(name, 0));
    }

    [Fact, Rule("LOG-02")]
    public async Task A_name_for_writing_is_none_for_reading_nor_the_other_way_round_and_the_secret_counts()
    {
        LogStreamName name = streams.Create(InstanceName.Parse("an/instance"));

        Assert.Equal(LogStreamFailure.BadRequest, await FailureAsync(() => Task.FromResult(streams.OpenForReading(name))));
        Assert.Equal(LogStreamFailure.BadRequest, await FailureAsync(() => WriteAsync(name.ForReaders, 0, "x")));
        Assert.Equal(LogStreamFailure.NotFound, await FailureAsync(() => WriteAsync(name with { WriteToken = LogStreamName.New(default).WriteToken }, 0, "x")));
        Assert.Equal(LogStreamFailure.NotFound, await FailureAsync(() => ReadAsync(name with { Instance = default }, 0)));
    }

    [Fact]
    public async Task A_log_is_kept_for_some_minutes_after_its_end_and_who_reads_it_then_may_go_on()
    {
        LogStreamName name = streams.Create(default);
        await WriteAsync(name, 0, "content", finishes: true);
        using LogStream open = streams.OpenForReading(name.ForReaders);

        time.Advance(options.KeptFor - TimeSpan.FromMinutes(1));
        Assert.Equal("content", await ReadAsync(name, 0));
        time.Advance(TimeSpan.FromMinutes(2));

        Assert.Equal(LogStreamFailure.NotFound, await FailureAsync(() => ReadAsync(name, 0)));
        Assert.Equal(7, await open.ReadAsync(0, new byte[10], Token));
        Assert.Empty(Directory.EnumerateFiles(temp.FullPath, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_writer_that_is_not_heard_of_breaks_its_log_off_and_one_that_says_nothing_new_does_not()
    {
        LogStreamName silent = streams.Create(default), gone = streams.Create(default);
        await WriteAsync(silent, 0, "s");
        await WriteAsync(gone, 0, "g");
        Task<string> reader = ReadAsync(gone, 0);

        for (int i = 0; i < 6; i++)
        {
            time.Advance(options.WriterPatience / 2);
            await WriteAsync(silent, 1, "");
        }

        Assert.Equal(LogStreamFailure.BrokenOff, await FailureAsync(() => reader));
        Assert.Equal(LogStreamFailure.BrokenOff, await FailureAsync(() => WriteAsync(gone, 1, "late")));
        Assert.Equal((1, false), Status(gone));
        Assert.Equal(2, await WriteAsync(silent, 1, "t", finishes: true));
        Assert.Equal("st", await ReadAsync(silent, 0));
    }

    [Fact]
    public async Task What_has_ended_makes_room_for_others_and_what_is_written_stays()
    {
        LogStreamName written = streams.Create(default), first = streams.Create(default), second = streams.Create(default);
        Assert.Equal(LogStreamFailure.NoRoom, await FailureAsync(() => Task.FromResult(streams.Create(default))));
        await WriteAsync(first, 0, "f", finishes: true);
        time.Advance(TimeSpan.FromSeconds(1));
        await WriteAsync(second, 0, "s", finishes: true);

        LogStreamName third = streams.Create(default);

        Assert.Equal(LogStreamFailure.NotFound, await FailureAsync(() => ReadAsync(first, 0)));
        Assert.Equal("s", await ReadAsync(second, 0));
        await WriteAsync(written, 0, "w", finishes: true);
        await WriteAsync(third, 0, "t", finishes: true);
        Assert.Equal("w", await ReadAsync(written, 0));
    }

    [Fact]
    public async Task Bytes_are_bounded_of_one_and_of_all_and_readers_of_a_log_that_is_too_long_are_told()
    {
        LogStreamName ended = streams.Create(default), one = streams.Create(default), other = streams.Create(default);
        await WriteAsync(ended, 0, new string('e', 60), finishes: true);
        await WriteAsync(one, 0, new string('1', 80));
        Task<string> reader = ReadAsync(one, 80);

        await WriteAsync(other, 0, new string('2', 60)); // there is room, as the one that has ended goes
        Assert.Equal(LogStreamFailure.NotFound, await FailureAsync(() => ReadAsync(ended, 0)));
        Assert.Equal(LogStreamFailure.NoRoom, await FailureAsync(() => WriteAsync(one, 80, new string('1', 21)))); // more than one may have
        Assert.Equal(LogStreamFailure.BrokenOff, await FailureAsync(() => reader));
        await WriteAsync(other, 60, new string('2', 40), finishes: true); // which has made room again
        Assert.Equal(100, (await ReadAsync(other, 0)).Length);
        LogStreamName last = streams.Create(default), more = streams.Create(default);
        await WriteAsync(last, 0, new string('l', 100));
        Assert.Equal(LogStreamFailure.NoRoom, await FailureAsync(() => WriteAsync(more, 0, new string('m', 51)))); // more than all may have
    }

    [Fact]
    public async Task A_server_that_stops_ends_its_logs()
    {
        LogStreamName name = streams.Create(default);
        await WriteAsync(name, 0, "x");
        Task<string> reader = ReadAsync(name, 0);

        await streams.DisposeAsync();

        Assert.Equal(LogStreamFailure.BrokenOff, await FailureAsync(() => reader));
    }

    private static async Task<LogStreamFailure> FailureAsync(Func<Task> action) => (await Assert.ThrowsAsync<LogStreamException>(action)).Reason;

    private (long CommittedSize, bool IsComplete) Status(LogStreamName name)
    {
        using LogStream stream = streams.OpenForWriting(name);
        return stream.GetWriteStatus();
    }

    private async Task<long> WriteAsync(LogStreamName name, long offset, string text, bool finishes = false)
    {
        using LogStream stream = streams.OpenForWriting(name);
        return await streams.AppendAsync(stream, offset, Encoding.UTF8.GetBytes(text), finishes, Token);
    }

    private async Task<string> ReadAsync(LogStreamName name, long offset, int bufferBytes = 64)
    {
        using LogStream stream = streams.OpenForReading(name.ForReaders);
        var text = new StringBuilder();
        byte[] buffer = new byte[bufferBytes];
        for (int read; (read = await stream.ReadAsync(offset, buffer, Token)) > 0; offset += read)
            text.Append(Encoding.UTF8.GetString(buffer, 0, read));
        return text.ToString();
    }
}
