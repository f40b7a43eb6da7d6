using System.CommandLine;
using System.Text.Json;
using RemoteExec.Probe;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Cli.Probing;
using RemoteExec.Server.Cli.Profiles;

namespace RemoteExec.Server.Cli.Settings;

/// <summary><c>remoteexec settings CLIENT</c>: what to tell a client so that it uses a server, as this caller may.</summary>
internal static class SettingsCommand
{
    /// <summary>What to try.</summary>
    public const string Examples =
        """
        remoteexec settings bazel >> .bazelrc
        remoteexec settings pants --server grpcs://cache.example.com:8980 --instance team/app
        remoteexec settings ccache --http https://cache.example.com:8981
        """;

    private static readonly JsonSerializerOptions json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var name = new Argument<string>("CLIENT") { Description = string.Join(", ", ClientConfig.All.Select(client => client.Name)) };
        name.AcceptOnlyFromAmong([.. ClientConfig.All.Select(client => client.Name)]);
        var command = new Command("settings", "Prints what to tell a client so that it uses the server: bazel, pants, buck2, please, reclient, buildstream, ccache.") { name };
        Act(command, result => ClientConfig.All.Single(client => client.Name == result.GetValue(name)), terminal);
        return command;
    }

    /// <summary>Makes commands that are settings of one client each, by the names of what they print: <c>bazelrc</c> and others. They are not in the help.</summary>
    public static IEnumerable<Command> CreateShort(Terminal terminal)
    {
        foreach ((string name, string client) in new[] { ("bazelrc", "bazel"), ("pantsconfig", "pants"), ("buckconfig", "buck2") })
        {
            var command = new Command(name, $"The same as 'settings {client}'.") { Hidden = true };
            Act(command, _ => ClientConfig.All.Single(config => config.Name == client), terminal);
            yield return command;
        }
    }

    private static void Act(Command command, Func<ParseResult, ClientConfig> client, Terminal terminal)
    {
        var http = new Option<string?>("--http") { HelpName = "URL", Description = "the server's HTTP address, for clients that speak HTTP [default: the profile's]" };
        command.Add(http);
        var target = new TargetFlags(command, hasUrl: false);
        command.SetAction((result, cancellationToken) => RunAsync(client(result), result, target, result.GetValue(http), terminal, cancellationToken));
    }

    private static async Task<int> RunAsync(ClientConfig client, ParseResult result, TargetFlags target, string? http, Terminal terminal, CancellationToken cancellationToken)
    {
        ClientSettings settings = target.SettingsOf(result);
        await using RpcChannel channel = target.Open(result, settings);
        Introduction offer = await Introduction.AskAsync(channel, settings.Options.Instance, cancellationToken);
        if (offer.Capabilities is null)
            throw new StartupException($"{channel.Address} does not tell what it offers: {offer.Message}; 'remoteexec doctor' says more");
        string[] lines = [.. client.Lines(new ClientFacts(settings.Options with { Http = http ?? settings.Options.Http }, offer))];
        if (target.WantsJson(result))
        {
            terminal.WriteLine(JsonSerializer.Serialize(new { Client = client.Name, client.Place, Lines = lines }, json));
            return ExitCode.Ok;
        }

        terminal.WriteLine($"# For {client.Place}, printed by remoteexec settings {client.Name}", Tone.Faint);
        foreach (string line in lines)
            terminal.WriteLine(line, line.StartsWith('#') ? Tone.Faint : Tone.Plain);
        return ExitCode.Ok;
    }
}
