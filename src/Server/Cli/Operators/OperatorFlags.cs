using System.CommandLine;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Execution.Operators;
using RemoteExec.Execution.Services;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Server.Cli.Operators;

/// <summary>The flags of every command that speaks to a server's operator service.</summary>
internal sealed class OperatorFlags
{
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(30);
    private static readonly JsonFormatter formatter = new(JsonFormatter.Settings.Default.WithFormatDefaultValues(true));

    private readonly Option<bool> json = new("--json") { Description = "print the answer as JSON" };
    private readonly ServerConnection connection;

    /// <summary>Adds them to a command.</summary>
    public OperatorFlags(Command command)
    {
        command.Add(json);
        connection = ServerConnection.OfOperator(command);
    }

    /// <summary>Asks the server something, and shows the answer.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="terminal">Where to show it.</param>
    /// <param name="ask">Asks.</param>
    /// <param name="show">Shows the answer to a person.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="StartupException">It failed; the message tells what to change.</exception>
    public Task<int> AskAsync<T>(
        ParseResult result, Terminal terminal, Func<IOperator, CancellationToken, Task<T>> ask, Action<T> show, CancellationToken cancellationToken)
        where T : IMessage =>
        AskAsync(result, terminal, ask, (answer, _) =>
        {
            show(answer);
            return Task.CompletedTask;
        }, cancellationToken);

    /// <summary>The same, where more is read from the server to show the answer.</summary>
    public Task<int> AskAsync<T>(
        ParseResult result, Terminal terminal, Func<IOperator, CancellationToken, Task<T>> ask, Func<T, RpcChannel, Task> show, CancellationToken cancellationToken)
        where T : IMessage =>
        ConnectAsync(result, async (scheduler, channel) =>
        {
            T answer = await ask(scheduler, cancellationToken);
            if (result.GetValue(json))
                terminal.WriteLine(formatter.Format(answer));
            else
                await show(answer, channel);
            return ExitCode.Ok;
        });

    /// <summary>Shows an answer, or prints it as one JSON document.</summary>
    public void Write<T>(ParseResult result, Terminal terminal, T answer, Action<T> show)
        where T : IMessage
    {
        if (result.GetValue(json))
            terminal.WriteLine(formatter.Format(answer));
        else
            show(answer);
    }

    /// <summary>Connects, and tells in words what goes wrong.</summary>
    /// <exception cref="StartupException">It failed; the message tells what to change.</exception>
    public Task<int> ConnectAsync(ParseResult result, Func<IOperator, Task<int>> use) => ConnectAsync(result, (scheduler, _) => use(scheduler));

    /// <summary>Tells in words what went wrong, and what to change.</summary>
    internal static string Explain(OperatorCallException exception, RpcAddress address) => exception.Reason switch
    {
        OperatorCallFailure.Unreachable => $"{exception.Message}; name the gRPC address of a server that runs with --server",
        OperatorCallFailure.NotOffered => $"the server at {address} executes nothing, or is too old for this: name another with --server",
        OperatorCallFailure.NotAllowed => $"{exception.Message} (--token-file)",
        _ => exception.Message,
    };

    private async Task<int> ConnectAsync(ParseResult result, Func<IOperator, RpcChannel, Task<int>> use)
    {
        await using RpcChannel channel = connection.Open(result, NullLogger.Instance, TimeProvider.System);
        try
        {
            return await use(new OperatorClient(channel, patience), channel);
        }
        catch (OperatorCallException exception)
        {
            throw new StartupException(Explain(exception, channel.Address), exception);
        }
    }
}
