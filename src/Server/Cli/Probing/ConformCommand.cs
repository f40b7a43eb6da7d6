using System.CommandLine;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using RemoteExec.Probe;
using RemoteExec.Probe.Conformance;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Cli.Profiles;

namespace RemoteExec.Server.Cli.Probing;

/// <summary><c>remoteexec conform</c>: tries a server, whoever made it, for the rules of the API.</summary>
internal static class ConformCommand
{
    /// <summary>What to try.</summary>
    public const string Examples =
        """
        remoteexec conform grpc://127.0.0.1:8980
        remoteexec conform grpcs://cache.example.com:443 --instance main --token-file token --json
        remoteexec conform grpc://127.0.0.1:8980 --rule CAS --rule BSW-07
        """;

    private static readonly JsonSerializerOptions json = new(JsonSerializerDefaults.Web) { WriteIndented = true, Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) } };

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var rules = new Option<string[]>("--rule") { HelpName = "RULE", Description = "only this rule, CAS-07, or those that begin so, CAS; may be repeated" };
        var seed = new Option<int?>("--seed") { HelpName = "N", Description = "what blobs are made of [default: another one each time, so that the server can't have them]" };
        var command = new Command("conform", "Tries a server, whoever made it, for the rules of the API: ends with 1 if it breaks one that clients rely on. It is left with some 20 MB of blobs that nobody asks for.") { rules, seed };
        var target = new TargetFlags(command);
        command.SetAction(async (result, cancellationToken) =>
        {
            string[] wanted = result.GetValue(rules) ?? [];
            Check[] checks = [.. Check.All.Where(check => wanted.Length == 0 || wanted.Any(rule => check.Rule == rule || check.Rule.StartsWith(rule + "-", StringComparison.Ordinal)))];
            if (checks.Length == 0)
                throw new UsageException($"--rule {string.Join(", ", wanted)}: there is no check for it; the rules begin with {string.Join(", ", Check.All.Select(check => check.Rule.Split('-')[0]).Distinct())}");
            ClientSettings settings = target.SettingsOf(result);
            await using RpcChannel channel = target.Open(result, settings);
            int chosen = result.GetValue(seed) ?? RandomNumberGenerator.GetInt32(int.MaxValue);
            List<CheckResult> outcomes = await RunAsync(channel, settings.Options.Instance, chosen, checks, terminal, cancellationToken);
            if (target.WantsJson(result))
                WriteJson(channel, settings, chosen, outcomes, terminal);
            else
                Write(channel, chosen, outcomes, terminal);
            return outcomes.Exists(outcome => outcome is { Verdict: Verdict.Fail, Check.Strength: Strength.Must }) ? ExitCode.Failed : ExitCode.Ok;
        });
        return command;
    }

    private static async Task<List<CheckResult>> RunAsync(RpcChannel channel, string instance, int seed, Check[] checks, Terminal terminal, CancellationToken cancellationToken)
    {
        List<CheckResult> outcomes = [];
        try
        {
            await terminal.WithStepsAsync("trying", checks.Length, async progress =>
            {
                await foreach (CheckResult outcome in ConformanceRun.RunAsync(channel, instance, seed, checks, cancellationToken))
                {
                    outcomes.Add(outcome);
                    progress.Report(outcome.Check.Rule);
                }
            });
            return outcomes;
        }
        catch (ProbeException exception)
        {
            throw new StartupException($"{channel.Address} can't be tried: {exception.Message}; 'remoteexec doctor {channel.Address}' says more", exception);
        }
    }

    private static void Write(RpcChannel channel, int seed, List<CheckResult> outcomes, Terminal terminal)
    {
        var table = new Table("RULE", "", "OUTCOME", "WHAT A SERVER DOES", "WHAT THIS ONE DID");
        foreach (CheckResult outcome in outcomes)
        {
            (string word, Tone tone) = outcome.Verdict switch
            {
                Verdict.Pass => ("pass", Tone.Good),
                Verdict.NotOffered => ("not offered", Tone.Faint),
                _ => ("FAIL", Tone.Bad),
            };
            table.Add(outcome.Check.Rule, outcome.Check.Strength.ToString().ToLowerInvariant(), new Cell(word, tone), outcome.Check.Says, outcome.Reason);
        }

        table.Write(terminal);
        terminal.WriteLine("");
        int failed = outcomes.Count(outcome => outcome.Verdict == Verdict.Fail);
        terminal.WriteLine(
            $"{channel.Address}: {outcomes.Count(outcome => outcome.Verdict == Verdict.Pass)} passed, {failed} failed ({outcomes.Count(outcome => outcome is { Verdict: Verdict.Fail, Check.Strength: Strength.Must })} of them a must), {outcomes.Count(outcome => outcome.Verdict == Verdict.NotOffered)} not offered; --seed {seed}",
            failed == 0 ? Tone.Good : Tone.Bad);
    }

    private static void WriteJson(RpcChannel channel, ClientSettings settings, int seed, List<CheckResult> outcomes, Terminal terminal) => terminal.WriteLine(JsonSerializer.Serialize(
        new
        {
            Server = channel.Address.ToString(),
            settings.Options.Instance,
            Seed = seed,
            Passed = outcomes.Count(outcome => outcome.Verdict == Verdict.Pass),
            Failed = outcomes.Count(outcome => outcome.Verdict == Verdict.Fail),
            NotOffered = outcomes.Count(outcome => outcome.Verdict == Verdict.NotOffered),
            Checks = outcomes.Select(outcome => new { outcome.Check.Rule, outcome.Check.Strength, outcome.Check.Says, outcome.Verdict, outcome.Reason }),
        },
        json));
}
