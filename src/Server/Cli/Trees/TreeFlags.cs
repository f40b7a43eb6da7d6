using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Python;
using RemoteExec.Rpc.Client;
using RemoteExec.Runs;
using RemoteExec.Trees;
using RemoteExec.Trees.Local;
using RemoteExec.Trees.Pull;
using RemoteExec.Trees.Remote;

namespace RemoteExec.Server.Cli.Trees;

/// <summary>The flags of every command that has to do with directories in a server's CAS.</summary>
internal sealed class TreeFlags
{
    private readonly Option<string> instance = new("--instance") { HelpName = "NAME", Description = "the instance that it is in [default: the one without a name]", DefaultValueFactory = _ => "" };
    private readonly Option<bool> json = new("--json") { Description = "print what came of it as JSON" };
    private readonly ServerConnection connection;

    /// <summary>Adds them to a command.</summary>
    /// <param name="command">The command.</param>
    /// <param name="hasJson">False for a command whose output is not its own.</param>
    public TreeFlags(Command command, bool hasJson = true)
    {
        if (hasJson)
            command.Add(json);
        connection = ServerConnection.OfClient(command);
        command.Add(instance);
    }

    /// <summary>How answers look as JSON.</summary>
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>Where it is kept what is known of directories on this machine.</summary>
    public static StateFiles State => new(UserCache.DirectoryOf("trees"));

    /// <summary>True if the answer is to be JSON.</summary>
    public bool WantsJson(ParseResult result) => result.GetResult(json) is not null && result.GetValue(json);

    /// <summary>The instance that is meant.</summary>
    /// <exception cref="UsageException">It can't be one.</exception>
    public InstanceName InstanceOf(ParseResult result) => DigestArgument.Instance(result.GetValue(instance)!);

    /// <summary>What is meant by a digest or a name and maybe a path.</summary>
    /// <exception cref="UsageException">It is neither.</exception>
    public TreeArgument ArgumentOf(ParseResult result, string text) => TreeArgument.Parse(InstanceOf(result), text);

    /// <summary>Connects to the server, and tells in words what goes wrong. A signal ends it in good order.</summary>
    /// <exception cref="StartupException">It failed; the message tells what to change.</exception>
    public Task<int> ConnectAsync(ParseResult result, Func<TreeServer, CancellationToken, Task> use) => ConnectAsync(result, async (server, cancellationToken) =>
    {
        await use(server, cancellationToken);
        return ExitCode.Ok;
    });

    /// <summary>The same, for what has an exit code of its own.</summary>
    /// <exception cref="StartupException">It failed; the message tells what to change.</exception>
    public Task<int> ConnectAsync(ParseResult result, Func<TreeServer, CancellationToken, Task<int>> use) => TryAsync(async cancellationToken =>
    {
        await using RpcChannel channel = connection.Open(result, NullLogger.Instance, TimeProvider.System);
        return await use(new TreeServer(channel, InstanceOf(result)), cancellationToken);
    });

    /// <summary>Does what has to do with directories, and tells in words what goes wrong. A signal ends it in good order.</summary>
    /// <exception cref="StartupException">It failed; the message tells what to change.</exception>
    public static Task<int> RunAsync(Func<CancellationToken, Task> work) => TryAsync(async cancellationToken =>
    {
        await work(cancellationToken);
        return ExitCode.Ok;
    });

    /// <summary>True for what can go wrong with directories.</summary>
    public static bool IsFailure(Exception exception) =>
        exception is TreeException or RunException or PythonIndexException or LocalChangesException or ReferenceMovedException or CasException or IOException or UnauthorizedAccessException;

    /// <summary>A failure in words, which may have names out of a tree.</summary>
    public static string TextOf(Exception failure) => new Cell(failure.Message).Text;

    private static async Task<int> TryAsync(Func<CancellationToken, Task<int>> work)
    {
        using var signals = new StopSignals();
        try
        {
            return await work(signals.Stopping);
        }
        catch (OperationCanceledException) when (signals.Stopping.IsCancellationRequested)
        {
            return ExitCode.Interrupted;
        }
        catch (StoreUnavailableException exception)
        {
            throw new StartupException($"{exception.Message}; name the gRPC address of a server that runs with --server", exception);
        }
        catch (Exception exception) when (IsFailure(exception))
        {
            throw new StartupException(TextOf(exception), exception);
        }
    }
}
