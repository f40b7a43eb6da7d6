using System.CommandLine;
using RemoteExec.Server.Cli.Probing;
using RemoteExec.Server.Hosting;

namespace RemoteExec.Server.Cli.Diagnosis;

/// <summary><c>remoteexec doctor</c>: why can't I use the server, or why is it slow? With <c>--data</c>: what is damaged in a stopped server's stores?</summary>
internal static class DoctorCommand
{
    /// <summary>What to try.</summary>
    public const string Examples =
        """
        remoteexec doctor                               can this machine use the server of its profile, and how well?
        remoteexec doctor grpcs://cache.example.com:8980 --token-file token
        remoteexec doctor --data /srv/cache --repair    the stores of a server that is stopped
        """;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var data = new Option<string?>("--data") { HelpName = "DIR", Description = $"check the stores in a server's data directory, {DataDirectories.Default} by default, which no server may have open" };
        var repair = new Option<bool>("--repair") { Description = "with --data: drop what is damaged, and make the index anew" };
        var command = new Command("doctor", "Looks for what keeps this machine from using a server, or makes it slow, and says what to change.") { data, repair };
        var target = new TargetFlags(command);
        command.SetAction((result, cancellationToken) =>
        {
            if (result.GetValue(data) is { } directory)
                return StoreDoctor.RunAsync(directory, result.GetValue(repair), target.WantsJson(result), terminal, cancellationToken);
            return result.GetValue(repair)
                ? throw new UsageException($"--repair is about a data directory: name it, --data {DataDirectories.Default}")
                : ClientDoctor.RunAsync(target, result, terminal, cancellationToken);
        });
        return command;
    }
}
