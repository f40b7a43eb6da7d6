using System.CommandLine;
using RemoteExec.Probe;
using RemoteExec.Probe.Load;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Cli.Profiles;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Cli.Probing;

/// <summary><c>remoteexec bench</c>: loads a server, whoever made it, and tells how it does.</summary>
internal static class BenchCommand
{
    /// <summary>What to try.</summary>
    public const string Examples =
        """
        remoteexec bench grpc://127.0.0.1:8980 --mix get-action-result --mix read-1k --concurrency 64
        remoteexec bench --mix build --duration 1m --csv > figures.csv
        remoteexec bench --list
        """;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var mixes = new Option<string[]>("--mix") { HelpName = "NAME", Description = "which calls; may be repeated, 'all' for each that the server has the methods for, in turn [default: build]" };
        var list = new Option<bool>("--list") { Description = "list the mixes, and do nothing else" };
        var concurrency = new Option<int>("--concurrency") { HelpName = "N", Description = "how many calls are under way at a time", DefaultValueFactory = _ => 16 };
        var connections = new Option<int>("--connections") { HelpName = "N", Description = "over how many connections", DefaultValueFactory = _ => 4 };
        var duration = new Option<string>("--duration") { HelpName = "TIME", Description = "how long each mix is measured", DefaultValueFactory = _ => "10s" };
        var count = new Option<long?>("--count") { HelpName = "N", Description = "so many calls of each mix, instead of --duration" };
        var warmUp = new Option<string>("--warm-up") { HelpName = "TIME", Description = "how long calls of each mix are made before they count", DefaultValueFactory = _ => "2s" };
        var seed = new Option<int?>("--seed") { HelpName = "N", Description = "what content is made of [default: another one each time; with the same one, uploads are of what is there]" };
        var csv = new Option<bool>("--csv") { Description = "print the outcome as CSV" };
        var command = new Command("bench", "Loads a server, whoever made it, with calls as builds make them, and tells rates and latencies. It is left with what was uploaded.") { mixes, list, concurrency, connections, duration, count, warmUp, seed, csv };
        var target = new TargetFlags(command);
        command.SetAction(async (result, cancellationToken) =>
        {
            if (result.GetValue(list))
            {
                BenchReport.WriteMixes(terminal);
                return ExitCode.Ok;
            }

            var plan = new LoadPlan
            {
                Concurrency = Positive("--concurrency", result.GetValue(concurrency)),
                Duration = Time("--duration", result.GetValue(duration)!),
                Count = result.GetValue(count) is { } calls ? Positive("--count", calls) : null,
                WarmUp = Time("--warm-up", result.GetValue(warmUp)!),
                Seed = result.GetValue(seed) ?? Random.Shared.Next(),
            };
            LoadMix[] chosen = Choose(result.GetValue(mixes) ?? []);
            ClientSettings settings = target.SettingsOf(result);
            RpcChannel[] channels = [.. Enumerable.Range(0, Positive("--connections", result.GetValue(connections))).Select(_ => target.Open(result, settings))];
            try
            {
                List<LoadResult> results = await RunAsync(channels, settings.Options.Instance, chosen, plan, result.GetValue(mixes)!.Contains("all"), terminal, cancellationToken);
                var report = new BenchReport(channels[0].Address, channels.Length, plan, results);
                report.Write(target.WantsJson(result), result.GetValue(csv), terminal);
                return results.Exists(outcome => outcome.Failures > 0) ? ExitCode.Failed : ExitCode.Ok;
            }
            finally
            {
                foreach (RpcChannel channel in channels)
                    await channel.DisposeAsync();
            }
        });
        return command;
    }

    private static async Task<List<LoadResult>> RunAsync(RpcChannel[] channels, string instance, LoadMix[] mixes, LoadPlan plan, bool leavesOut, Terminal terminal, CancellationToken cancellationToken)
    {
        List<LoadResult> results = [];
        List<string> leftOut = [];
        try
        {
            await terminal.WithStepsAsync("loading", mixes.Length, async progress =>
            {
                foreach (LoadMix mix in mixes)
                {
                    progress.Report(mix.Name);
                    try
                    {
                        results.Add(await LoadRun.RunAsync(channels, instance, mix, plan, TimeProvider.System, cancellationToken));
                    }
                    catch (ProbeException exception) when (leavesOut && exception.Failure == CallFailure.NotOffered)
                    {
                        leftOut.Add($"{mix.Name}: left out, as the server does not have what it calls: {exception.Message}");
                    }
                }
            });
            leftOut.ForEach(terminal.WriteError);
            return results;
        }
        catch (ProbeException exception)
        {
            throw new StartupException($"{channels[0].Address} does not take what '{mixes[results.Count + leftOut.Count].Name}' needs: {exception.Message}; 'remoteexec doctor {channels[0].Address}' says more", exception);
        }
    }

    private static LoadMix[] Choose(string[] names)
    {
        if (names.Contains("all"))
            return [.. LoadMix.All];
        string known = string.Join(", ", LoadMix.All.Select(mix => mix.Name));
        return [.. names.DefaultIfEmpty("build").Select(name => LoadMix.All.FirstOrDefault(mix => mix.Name == name) ?? throw new UsageException($"--mix {name}: there is none of that name: {known}, all"))];
    }

    private static TimeSpan Time(string flag, string text) =>
        Duration.TryParse(text, out TimeSpan time, out string? error) ? time : throw new UsageException($"{flag} {text}: {error}");

    private static T Positive<T>(string flag, T number)
        where T : System.Numerics.INumber<T> => T.IsPositive(number) && !T.IsZero(number) ? number : throw new UsageException($"{flag} {number}: write a positive number");
}
