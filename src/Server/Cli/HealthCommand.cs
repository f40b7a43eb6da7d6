using System.CommandLine;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Server.Cli;

/// <summary><c>remoteexec health</c>: is a server well? For the health checks of containers, in which there is no other program to ask with.</summary>
internal static class HealthCommand
{
    /// <summary>What to try.</summary>
    public const string Examples =
        """
        remoteexec health
        remoteexec health --server grpcs://build-server:8980 --ca company.pem
        """;

    private static readonly TimeSpan patience = TimeSpan.FromSeconds(5);

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var json = new Option<bool>("--json") { Description = "print the answer as JSON" };
        var command = new Command("health", "Asks a server whether it is well: prints SERVING and ends with 0 if it is, or with 1 if it isn't or can't be reached.") { json };
        ServerConnection connection = ServerConnection.OfClient(command);
        command.SetAction(async (result, cancellationToken) =>
        {
            await using RpcChannel channel = connection.Open(result, NullLogger.Instance, TimeProvider.System);
            string? problem = await new HealthClient(channel, patience).FindProblemAsync(cancellationToken);
            if (result.GetValue(json))
            {
                terminal.WriteLine(JsonSerializer.Serialize(new { Server = channel.Address.ToString(), IsServing = problem is null, Problem = problem }, JsonSerializerOptions.Web));
                return problem is null ? ExitCode.Ok : ExitCode.Failed;
            }

            if (problem is not null)
                throw new StartupException($"{channel.Address} is not well: {problem}; name the gRPC address of a server that runs with --server");
            terminal.WriteLine("SERVING");
            return ExitCode.Ok;
        });
        return command;
    }
}
