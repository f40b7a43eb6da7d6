using RemoteExec.Builds.Records;
using RemoteExec.Server.Cli;
using RemoteExec.Server.Cli.Top;

namespace RemoteExec.Server.Tests.Cli.Top;

public sealed class TopPageTests
{
    private static readonly DateTimeOffset now = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Everything_stands_on_a_page_of_a_usual_size()
    {
        string[] page = Draw(Busy(builds: 2, actions: 3), 120, 30);

        Assert.StartsWith("http://server:8981  1.2.3, up for 2 h", page[0], StringComparison.Ordinal);
        Assert.Matches(@"^hit rate +98\.7 %  +▇▇  987 hits/s, 13 misses/s$", page[2]);
        Assert.Matches(@"^requests +1,234/s  +█▇  2\.5 of them failed$", page[3]);
        Assert.Matches(@"^latency +0\.4 ms  +█▇  median; 1\.5 s for 99 of 100$", page[4]);
        Assert.Matches(@"^sent +12 MiB/s ", page[5]);
        Assert.Matches(@"^received +3 KiB/s ", page[6]);
        Assert.Matches(@"^queue +12  +▆█  the first waits for 4\.2 s$", page[7]);
        Assert.Matches(@"^slots +8/16  +▃▄  busy, of 2 workers, 1 out of service$", page[8]);
        Assert.Matches(@"^ELAPSED +TOOL +ACTIONS +HITS +MISSES +EXECUTED +FAILED +QUEUED +RUNNING +BUILD$", page[10]);
        Assert.Matches(@"^ +1 min +bazel +100 +90 % +█████▍ +10 +8 +2 +5 +3 +build-0$", page[11]);
        Assert.Matches(@"^RUNS FOR +MNEMONIC +TARGET +WORKER$", page[14]);
        Assert.Matches(@"^ +30 s +CppCompile +//lib:0 +worker-1$", page[15]);
        Assert.Equal(18, page.Length);
    }

    [Theory]
    [InlineData(200, 60)]
    [InlineData(80, 24)]
    [InlineData(40, 12)]
    [InlineData(20, 5)]
    [InlineData(1, 1)]
    public void No_page_is_longer_than_the_terminal_and_none_is_shown_beyond_its_width(int width, int height)
    {
        TopHistory history = Busy(builds: 100, actions: 100);

        using var output = new StringWriter();
        using (var screen = new LiveScreen(output, colours: true))
            screen.Show(TopPage.Draw(history, width, height, now), width, height);

        string[] shown = VirtualTerminal.Show(output.ToString(), width, height);
        Assert.Equal(height, shown.Length);
        Assert.Equal("http://server:8981"[..Math.Min(width, 18)], shown[0][..Math.Min(width, 18)]);
        if (height >= 24)
            Assert.Contains(shown, line => line.Contains("CppCompile", StringComparison.Ordinal));
    }

    [Fact]
    public void Builds_and_actions_share_the_room_and_those_that_need_less_leave_it_to_the_others()
    {
        string[] both = Draw(Busy(builds: 100, actions: 100), 120, 30), few = Draw(Busy(builds: 100, actions: 1), 120, 30);

        Assert.Equal(30, both.Length);
        Assert.InRange(both.Count(line => line.Contains("CppCompile", StringComparison.Ordinal)), 7, 11);
        Assert.InRange(both.Count(line => line.Contains("build-", StringComparison.Ordinal)), 7, 11);
        Assert.Equal(1, few.Count(line => line.Contains("CppCompile", StringComparison.Ordinal)));
        Assert.True(few.Count(line => line.Contains("build-", StringComparison.Ordinal)) > 14);
    }

    [Fact]
    public void A_server_that_does_not_answer_is_told_with_how_old_the_rest_is()
    {
        TopHistory history = Busy(builds: 1, actions: 0);
        history.Add(new TopSnapshot("http://server:8981", now) { Problem = "does not answer (connection refused)" });

        string[] page = Draw(history, 120, 30, now.AddSeconds(7));

        Assert.Equal("http://server:8981  does not answer (connection refused); it is tried again. What follows is 7 s old.", page[0]);
        Assert.Contains(page, line => line.Contains("build-0", StringComparison.Ordinal));
        Assert.Matches(@"^requests +1,234/s  +█▇   2\.5", page[3]); // nothing is known of the last look
    }

    [Fact]
    public void Before_the_first_answer_it_says_what_it_does() => Assert.Equal(["asking the server …", ""], Draw(new TopHistory(), 80, 24));

    [Fact]
    public void What_a_cache_does_not_have_is_said()
    {
        var history = new TopHistory();
        history.Add(new TopSnapshot("http://server:8981", now) { Builds = [] });

        string[] page = Draw(history, 80, 24);

        Assert.Matches("^hit rate +-$", page[2]);
        Assert.Contains("nothing is executed here: this is a cache", page);
        Assert.Contains("no build has made a call in the last 30 s", page);
    }

    [Fact]
    public void What_clients_make_up_does_not_steer_the_terminal()
    {
        var history = new TopHistory();
        history.Add(Snapshot(0, 1) with { Running = [new TopAction(1, ["w"], "Kind\e[2J", "//a\n:b", "", "", "")] });

        Assert.Contains(Draw(history, 120, 30), line => line.Contains("Kind\uFFFD[2J  //a\uFFFD:b", StringComparison.Ordinal));
    }

    private static string[] Draw(TopHistory history, int width, int height, DateTimeOffset? at = null) =>
        [.. TopPage.Draw(history, width, height, at ?? now).Select(line => string.Concat(line.Select(piece => piece.Text)).TrimEnd())];

    private static TopHistory Busy(int builds, int actions)
    {
        var history = new TopHistory();
        history.Add(Snapshot(builds, actions) with
        {
            Rates = new TopRates(1, 1300, 0, 900, 100, 1 << 20, 3000, 0.00045, 1),
            Queue = new TopQueue(9, 1, 7, 2, 1, 16, 6),
        });
        history.Add(Snapshot(builds, actions));
        return history;
    }

    private static TopSnapshot Snapshot(int builds, int actions) => new("http://server:8981", now)
    {
        Version = "1.2.3",
        Started = now.AddHours(-2),
        Rates = new TopRates(1, 1234, 2.5, 987, 13, 12 << 20, 3 << 10, 0.0004, 1.5),
        Queue = new TopQueue(12, 4.2, 8, 2, 1, 16, 8),
        Builds = [.. Enumerable.Range(0, builds).Select(Build)],
        Running = [.. Enumerable.Range(0, actions).Select(number => new TopAction(30 - (number / 10.0), ["worker-1"], "CppCompile", $"//lib:{number}", "", "", ""))],
    };

    private static TopBuild Build(int number) => new(
        new BuildSummary
        {
            Id = $"{number:x16}",
            Invocation = $"build-{number}",
            Instance = "",
            Tool = "bazel",
            ToolVersion = "",
            Correlated = "",
            Began = now.AddSeconds(-90),
            LastSeen = now,
            IsOver = false,
            Calls = 1,
            BlobsAsked = 0,
            Sums = new ActionSums { Actions = 100, Hits = 90, Misses = 10, Executed = 8, Failed = 2, BytesSent = 1 << 20 },
        },
        90, 5, 3);
}
