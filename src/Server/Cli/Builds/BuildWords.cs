using System.Globalization;
using System.Text.Json;
using RemoteExec.Builds.Records;

namespace RemoteExec.Server.Cli.Builds;

/// <summary>What builds did, as people read it.</summary>
internal static class BuildWords
{
    /// <summary>The share of hits; a dash where there was no action.</summary>
    public static string Rate(ActionSums sums) => sums.Actions == 0 ? "-"
        : string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(1000.0 * sums.Hits / sums.Actions) / 10:0.#} %"); // one miss is not 100 %

    /// <summary>The time that hits have saved; a dash where no hit says it.</summary>
    public static string Saved(ActionSums sums) => sums.Hits > 0 && sums.HitsWithoutTime == sums.Hits ? "-" : Time(sums.TimeSavedSeconds);

    /// <summary>A time: with fractions of a second where it is short; a dash where it is not known.</summary>
    public static string Time(double? seconds) => seconds switch
    {
        null => "-",
        < 10 => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.##} s"),
        _ => Words.Age(TimeSpan.FromSeconds(seconds.Value)),
    };

    /// <summary>An outcome in a word.</summary>
    public static string Of(ActionOutcome outcome) => JsonNamingPolicy.CamelCase.ConvertName(outcome.ToString());

    /// <summary>Adds sums to a table of two columns.</summary>
    public static void AddTo(Table facts, ActionSums sums)
    {
        facts.Add("actions", Words.Number(sums.Actions));
        facts.Add("hits", $"{Words.Number(sums.Hits)} ({Rate(sums)})");
        facts.Add("misses", $"{Words.Number(sums.Misses)}: {Words.Number(sums.Executed)} executed, {Words.Number(sums.Merged)} shared with other builds, {Words.Number(sums.Failed)} failed, {Words.Number(sums.Stored)} run and stored by the client");
        facts.Add("sent", Words.Size(sums.BytesSent));
        facts.Add("received", Words.Size(sums.BytesReceived));
        facts.Add("time saved", Saved(sums) + (sums.HitsWithoutTime == 0 ? "" : $"; {Words.Count(sums.HitsWithoutTime, "hit")} without a known time"));
        if (sums.Executed + sums.Failed > 0)
            facts.Add("time executed", $"{Time(sums.RunSeconds)}, after {Time(sums.QueueSeconds)} in the queue and {Time(sums.FetchSeconds)} for inputs; {Time(sums.UploadSeconds)} for outputs");
    }
}
