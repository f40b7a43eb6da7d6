using System.CommandLine;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Execution.Operators;
using RemoteExec.Execution.Services;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Server.Cli.Operators;

/// <summary><c>remoteexec operations log</c>: what an action writes, as it writes it.</summary>
internal static class LogCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var name = new Argument<string>("NAME") { Description = "the operation's name, as 'operations list' has it" };
        var command = new Command("log", "Prints what the action of an operation writes to its standard output and error, to the same here, until it is done.") { name };
        ServerConnection connection = ServerConnection.OfOperator(command);
        command.SetAction(async (result, cancellationToken) =>
        {
            await using RpcChannel channel = connection.Open(result, NullLogger.Instance, TimeProvider.System);
            try
            {
                return await PrintAsync(channel, result.GetValue(name)!, terminal, cancellationToken);
            }
            catch (OperatorCallException exception)
            {
                throw new StartupException(OperatorFlags.Explain(exception, channel.Address), exception);
            }
        });
        return command;
    }

    private static async Task<int> PrintAsync(RpcChannel channel, string name, Terminal terminal, CancellationToken cancellationToken)
    {
        await using Stream stdout = Console.OpenStandardOutput(), stderr = Console.OpenStandardError();
        Build.Bazel.Remote.Execution.V2.ExecuteResponse[] responses = await Task.WhenAll(
            new OperationLog(channel, name, isError: false).CopyToAsync(stdout, cancellationToken),
            new OperationLog(channel, name, isError: true).CopyToAsync(stderr, cancellationToken));
        if (responses[0].Status is { Code: not 0 } status)
            terminal.Error.WriteLine(status.Message);
        return ExitCode.Ok;
    }
}
