using System.CommandLine;
using Grpc.Health.V1;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Rpc;
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

    private static readonly RpcCallOptions options = new() { Timeout = TimeSpan.FromSeconds(5) };

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var command = new Command("health", "Asks a server whether it is well: prints SERVING and ends with 0 if it is, or with 1 if it isn't or can't be reached.");
        ServerConnection connection = ServerConnection.OfClient(command);
        command.SetAction(async (result, cancellationToken) =>
        {
            await using RpcChannel channel = connection.Open(result, NullLogger.Instance, TimeProvider.System);
            HealthCheckResponse answer = await AskAsync(channel, cancellationToken);
            string word = answer.Status == HealthCheckResponse.Types.ServingStatus.Serving ? "SERVING" : "NOT_SERVING";
            terminal.WriteLine(word);
            return word == "SERVING" ? ExitCode.Ok : ExitCode.Failed;
        });
        return command;
    }

    private static async Task<HealthCheckResponse> AskAsync(RpcChannel channel, CancellationToken cancellationToken)
    {
        try
        {
            return await channel.UnaryAsync<HealthCheckRequest, HealthCheckResponse>("/grpc.health.v1.Health/Check", new HealthCheckRequest(), cancellationToken, options);
        }
        catch (RpcException exception)
        {
            throw new StartupException($"{channel.Address} is not well: {exception.Status.Message}; name the gRPC address of a server that runs with --server", exception);
        }
    }
}
