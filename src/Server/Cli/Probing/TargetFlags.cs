using System.CommandLine;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Cli.Profiles;

namespace RemoteExec.Server.Cli.Probing;

/// <summary>The flags of a command that looks at a server from outside, whoever made it: which one, and what to show it.</summary>
internal sealed class TargetFlags
{
    private readonly Argument<string?> url = new("URL") { Arity = ArgumentArity.ZeroOrOne, Description = "the server's gRPC address, the same as --server" };
    private readonly Option<string?> instance = new("--instance") { HelpName = "NAME", Description = "the instance name [default: the profile's, or none]" };
    private readonly Option<bool> json = new("--json") { Description = "print the outcome as JSON" };
    private readonly ServerConnection connection;

    /// <summary>Adds them to a command.</summary>
    /// <param name="command">The command.</param>
    /// <param name="hasUrl">False where something else is the command's argument.</param>
    public TargetFlags(Command command, bool hasUrl = true)
    {
        if (hasUrl)
            command.Add(url);
        command.Add(instance);
        command.Add(json);
        connection = ServerConnection.OfClient(command);
    }

    /// <summary>True if the outcome is to be printed as JSON.</summary>
    public bool WantsJson(ParseResult result) => result.GetValue(json);

    /// <summary>What the command line, the environment and the profile make together.</summary>
    /// <exception cref="StartupException">There is no such profile.</exception>
    public ClientSettings SettingsOf(ParseResult result)
    {
        ClientSettings settings = connection.SettingsOf(result, result.GetResult(url) is null ? null : result.GetValue(url));
        return result.GetValue(instance) is { } name ? settings with { Options = settings.Options with { Instance = name } } : settings;
    }

    /// <summary>Makes a channel; the caller closes it.</summary>
    /// <exception cref="Configuration.ConfigException">A flag is wrong.</exception>
    /// <exception cref="StartupException">A file that one names can't be used.</exception>
    public RpcChannel Open(ParseResult result, ClientSettings settings) =>
        ServerChannel.Open(settings.Options, TokenOf(result, settings), NullLogger.Instance, TimeProvider.System);

    /// <summary>The token to show; null for none.</summary>
    public Func<string?>? TokenOf(ParseResult result, ClientSettings settings) => connection.LoadToken(result, settings, NullLogger.Instance, TimeProvider.System);
}
