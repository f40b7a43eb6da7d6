using System.Globalization;
using RemoteExec.Builds.Records;
using RemoteExec.Server.Cli.Builds;

namespace RemoteExec.Server.Cli.Top;

/// <summary>Draws what a server does: figures with their last minutes, then builds and actions, as many as there is room for.</summary>
internal static class TopPage
{
    private const int LabelWidth = 11;
    private const int ValueWidth = 12;
    private const int NoteWidth = 34;
    private const int LeastPlotWidth = 8;
    private const int BarWidth = 6;

    /// <summary>The lines, no more than <paramref name="height"/>; whoever shows them cuts those off that are too long.</summary>
    public static IReadOnlyList<IReadOnlyList<Cell>> Draw(TopHistory history, int width, int height, DateTimeOffset now)
    {
        List<IReadOnlyList<Cell>> lines = [Head(history, now), []];
        if (history.LatestAnswer is not { } latest)
            return [.. lines.Take(height)];
        lines.AddRange(Figures(history, latest, width));
        int left = height - lines.Count;
        IReadOnlyList<IReadOnlyList<Cell>> builds = Builds(latest), actions = Actions(latest);
        int forActions = Math.Min(actions.Count, Math.Max(left / 2, left - builds.Count));
        lines.AddRange(builds.Take(left - forActions));
        lines.AddRange(actions.Take(forActions));
        return [.. lines.Take(height)];
    }

    private static IReadOnlyList<Cell> Head(TopHistory history, DateTimeOffset now)
    {
        if (history.Latest is not { } latest)
            return [new Cell("asking the server …", Tone.Faint)];
        if (latest.Problem is { } problem)
        {
            string since = history.LatestAnswer is { } answer ? $" What follows is {Words.Age(now - answer.At)} old." : "";
            return [new Cell(latest.Server, Tone.Strong), "  ", new Cell($"{problem}; it is tried again.{since}", Tone.Bad)];
        }

        string up = latest.Started is { } started ? $", up for {Words.Age(now - started)}" : "";
        return [new Cell(latest.Server, Tone.Strong), $"  {latest.Version}{up}  ", new Cell($"{now.LocalDateTime.ToString("T", CultureInfo.InvariantCulture)}  q ends", Tone.Faint)];
    }

    private static IEnumerable<IReadOnlyList<Cell>> Figures(TopHistory history, TopSnapshot latest, int width)
    {
        int plot = Math.Max(LeastPlotWidth, width - LabelWidth - ValueWidth - NoteWidth - 2);
        IReadOnlyList<Cell> Row(string label, Cell value, Func<TopSnapshot, double?> over, string note, double? most = null) =>
        [
            new Cell(label.PadRight(LabelWidth), Tone.Faint), new Cell(value.Text.PadLeft(ValueWidth), value.Tone), "  ",
            Sparkline.Of(history.Of(over), plot, most), "  ", new Cell(note, Tone.Faint),
        ];

        TopRates? rates = latest.Rates;
        yield return Row("hit rate", new Cell(Percent(rates?.HitRate), Tone.Strong), look => look.Rates?.HitRate, rates is null ? "" : $"{Rate(rates.Hits)} hits/s, {Rate(rates.Misses)} misses/s", most: 1);
        yield return Row("requests", PerSecond(rates?.Requests), look => look.Rates?.Requests, rates is { Errors: > 0 } ? $"{Rate(rates.Errors)} of them failed" : "");
        yield return Row("latency", Latency(rates?.MedianLatencySeconds), look => look.Rates?.MedianLatencySeconds, rates?.HighLatencySeconds is { } high ? $"median; {Latency(high)} for 99 of 100" : "");
        yield return Row("sent", BytesPerSecond(rates?.SentBytes), look => look.Rates?.SentBytes, "");
        yield return Row("received", BytesPerSecond(rates?.ReceivedBytes), look => look.Rates?.ReceivedBytes, "");
        if (latest.Queue is { } queue)
        {
            yield return Row("queue", Words.Number(queue.Queued), look => look.Queue?.Queued, queue.OldestSeconds is { } oldest ? $"the first waits for {BuildWords.Time(oldest)}" : "nothing waits");
            string others = queue.OutOfService > 0 ? $", {queue.OutOfService} out of service" : "";
            yield return Row(
                "slots", new Cell($"{Words.Number(queue.BusySlots)}/{Words.Number(queue.Slots)}", queue.Workers == 0 && queue.Queued > 0 ? Tone.Bad : Tone.Plain), look => look.Queue?.BusySlots,
                $"busy, of {Words.Count(queue.Workers, "worker")}{others}", most: queue.Slots);
        }
        else
        {
            yield return [new Cell("nothing is executed here: this is a cache", Tone.Faint)];
        }
    }

    private static IReadOnlyList<IReadOnlyList<Cell>> Builds(TopSnapshot latest)
    {
        if (latest.Builds is not { } builds)
            return [[], [new Cell("it is not written down what builds do (builds.maxBytes)", Tone.Faint)]];
        if (builds.Count == 0)
            return [[], [new Cell($"no build has made a call in the last {Words.Age(TopReader.Lately)}", Tone.Faint)]];
        var table = new Table(">ELAPSED", "TOOL", ">ACTIONS", ">HITS", "", ">MISSES", ">EXECUTED", ">FAILED", ">QUEUED", ">RUNNING", "BUILD");
        foreach (TopBuild build in builds)
        {
            ActionSums sums = build.Build.Sums;
            table.Add(
                Words.Age(TimeSpan.FromSeconds(build.ElapsedSeconds)), build.Build.Tool, Words.Number(sums.Actions), BuildWords.Rate(sums), Words.Bar(sums.Hits, sums.Actions, BarWidth),
                Words.Number(sums.Misses), Words.Number(sums.Executed), new Cell(Words.Number(sums.Failed), sums.Failed > 0 ? Tone.Bad : Tone.Plain),
                Words.Number(build.Queued), new Cell(Words.Number(build.Running), build.Running > 0 ? Tone.Good : Tone.Plain),
                build.Build.Invocation.Length > 0 ? build.Build.Invocation : build.Build.Id);
        }

        return [[], .. table.Lines()];
    }

    private static IReadOnlyList<IReadOnlyList<Cell>> Actions(TopSnapshot latest)
    {
        if (latest.Running is not { Count: > 0 } running)
            return [];
        var table = new Table(">RUNS FOR", "MNEMONIC", "TARGET", "WORKER");
        foreach (TopAction action in running)
            table.Add(BuildWords.Time(action.RunningSeconds), OrDash(action.Mnemonic), OrDash(action.Target), OrDash(string.Join(", ", action.Workers)));
        return [[], .. table.Lines()];
    }

    private static string Percent(double? part) => part is null ? "-" : string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(part.Value * 1000) / 10:0.0} %"); // one miss is not 100 %

    private static string PerSecond(double? rate) => rate is null ? "-" : $"{Rate(rate.Value)}/s";

    private static string Rate(double rate) => rate is > 0 and < 10 ? rate.ToString("0.#", CultureInfo.InvariantCulture) : Words.Number((long)Math.Round(rate));

    private static string BytesPerSecond(double? rate) => rate is null ? "-" : $"{Words.Size((long)rate.Value)}/s";

    private static string Latency(double? seconds) => seconds switch
    {
        null => "-",
        < 1 => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1000:0.##} ms"),
        _ => BuildWords.Time(seconds),
    };

    private static string OrDash(string text) => text.Length == 0 ? "-" : text;
}
