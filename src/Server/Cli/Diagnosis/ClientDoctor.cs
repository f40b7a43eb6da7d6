using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Probe;
using RemoteExec.Probe.Diagnosis;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Cli.Probing;
using RemoteExec.Server.Cli.Profiles;

namespace RemoteExec.Server.Cli.Diagnosis;

/// <summary>The client's side of <c>remoteexec doctor</c>.</summary>
internal static class ClientDoctor
{
    private const string BazelRc = ".bazelrc";

    private static readonly JsonSerializerOptions json = new(JsonSerializerDefaults.Web) { WriteIndented = true, Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) } };

    /// <summary>Examines the way to a server, the environment and the workspace in the current directory.</summary>
    public static async Task<int> RunAsync(TargetFlags target, ParseResult result, Terminal terminal, CancellationToken cancellationToken)
    {
        ClientSettings settings = target.SettingsOf(result);
        bool asJson = target.WantsJson(result);
        List<Finding> findings = [];
        await using RpcChannel channel = target.Open(result, settings);
        await using RpcChannel stranger = ServerChannel.Open(settings.Options with { Certificate = null, Key = null }, null, NullLogger.Instance, TimeProvider.System);
        if (!asJson)
            terminal.WriteLine($"{channel.Address}{(settings.Profile is { } name ? $", as profile '{name}' says" : "")}", Tone.Strong);
        var route = new Route
        {
            Address = channel.Address,
            Channel = channel,
            Stranger = stranger,
            Trust = ServerChannel.TrustOf(settings.Options, NullLogger.Instance, TimeProvider.System),
            ShowsCredentials = settings.Options.Certificate is not null || target.TokenOf(result, settings) is not null,
            Instance = settings.Options.Instance,
        };
        await foreach (Finding finding in Examination.ExamineAsync(route, TimeProvider.System, cancellationToken))
            Tell(finding);
        if (route.Address.SocketPath is null)
            Tell(ProxyFindings.Of(route.Address.BaseUri.IdnHost, Environment.GetEnvironmentVariable));
        if (await ReadAsync(BazelRc, cancellationToken) is { } text)
        {
            foreach (Finding finding in BazelFindings.Of(text, await Introduction.AskAsync(channel, route.Instance, cancellationToken)))
                Tell(finding);
        }

        if (asJson)
            terminal.WriteLine(JsonSerializer.Serialize(findings, json));
        return findings.Exists(finding => finding.Level == FindingLevel.Failure) ? ExitCode.Failed : ExitCode.Ok;

        void Tell(Finding finding)
        {
            findings.Add(finding);
            if (!asJson)
                Write(finding, terminal);
        }
    }

    private static void Write(Finding finding, Terminal terminal)
    {
        (string word, Tone tone) = finding.Level switch
        {
            FindingLevel.Ok => ("ok", Tone.Good),
            FindingLevel.Skipped => ("-", Tone.Faint),
            FindingLevel.Warning => ("warn", Tone.Strong),
            _ => ("FAIL", Tone.Bad),
        };
        terminal.WriteLine([new Cell($"{word,-4}  ", tone), new Cell($"{finding.Name,-10}  "), new Cell(finding.Text)]);
        if (finding.Fix is { } fix)
            terminal.WriteLine($"                  {fix}", Tone.Faint);
    }

    private static async Task<string?> ReadAsync(string file, CancellationToken cancellationToken)
    {
        try
        {
            return File.Exists(file) ? await File.ReadAllTextAsync(file, cancellationToken) : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"{Path.GetFullPath(file)} can't be read: {IoReason.OfReading(file, exception)}", exception);
        }
    }
}
