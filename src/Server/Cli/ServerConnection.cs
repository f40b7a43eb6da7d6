using System.CommandLine;
using System.CommandLine.Parsing;
using Microsoft.Extensions.Logging;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Auth;
using RemoteExec.Server.Cli.Profiles;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Cli;

/// <summary>
/// The flags of a command that calls a server: where it is, whom to trust, and what to show it. What no flag says the environment does, and what that does not a
/// profile. No flag takes a secret itself, which others on the machine could read.
/// </summary>
internal sealed class ServerConnection
{
    /// <summary>The variable with the token of a client.</summary>
    public const string Variable = "REMOTEEXEC_TOKEN";

    /// <summary>The variable with the server's gRPC address, or several with commas between them.</summary>
    public const string ServerVariable = "REMOTEEXEC_SERVER";

    private readonly Option<string[]> servers;
    private readonly Option<string?> roots = new("--ca") { HelpName = "FILE", Description = "PEM file with the certificates to trust instead of the system's, for grpcs://" };
    private readonly Option<string?> token;
    private readonly string tokenVariable;
    private readonly Option<string?> certificate;
    private readonly Option<string?> key = new("--key") { HelpName = "FILE", Description = "PEM file with the key of --cert" };
    private readonly Option<string?>? profile;

    private ServerConnection(Command command, Option<string[]> servers, string tokenVariable, string whoAsks, string whoseCertificate, bool hasProfiles)
    {
        this.servers = servers;
        this.tokenVariable = tokenVariable;
        token = new Option<string?>("--token-file")
        {
            HelpName = "FILE",
            Description = $"a file with the token to show ({whoAsks}); read again when it changes [default: the variable {tokenVariable}]",
        };
        certificate = new Option<string?>("--cert") { HelpName = "FILE", Description = $"PEM file with the certificate to show (server: {whoseCertificate}), for grpcs://" };
        foreach (Option flag in new Option[] { servers, roots, token, certificate, key })
            command.Add(flag);
        if (hasProfiles)
            command.Add(profile = ProfileFlag());
    }

    /// <summary>Adds the flags to the command of a worker: the server has to be named, or several, and may be shown a token or a certificate.</summary>
    public static ServerConnection OfWorker(Command command, string whatServers)
    {
        var servers = new Option<string[]>("--server") { HelpName = "URL", Arity = ArgumentArity.OneOrMore, Description = whatServers };
        return new ServerConnection(command, servers, "REMOTEEXEC_WORKER_TOKEN", "server: listeners.workerAuth.tokenFile, or auth.tokens.file", "listeners.workerAuth.clientCa", hasProfiles: false);
    }

    /// <summary>Adds the flags to the command of an operator: the server is the one on this machine if none is named, and may be shown a token.</summary>
    public static ServerConnection OfOperator(Command command) =>
        new(command, ServersOfClients(), "REMOTEEXEC_OPERATOR_TOKEN", "server: operators.tokenFile, or auth.tokens.file", "auth.certificates", hasProfiles: true);

    /// <summary>Adds the flags to a command that reads and writes blobs: the server is the one on this machine if none is named.</summary>
    public static ServerConnection OfClient(Command command) =>
        new(command, ServersOfClients(), Variable, "where the server, or a proxy before it, asks for one", "auth.certificates", hasProfiles: true);

    /// <summary>A flag that names a profile.</summary>
    public static Option<string?> ProfileFlag()
    {
        var flag = new Option<string?>("--profile")
        {
            HelpName = "NAME",
            Description = $"what 'remoteexec login' has kept under this name [default: the variable {ProfileStore.Variable}, or the one of 'profile use', where no server is named]",
        };
        flag.CompletionSources.Add(_ => ProfileStore.OfUser().Names());
        return flag;
    }

    /// <summary>Makes the channel that flags, environment and profile describe; the caller closes it. Files with what it shows are read again when they change.</summary>
    /// <param name="result">The flags.</param>
    /// <param name="logger">Told of changes that could not be taken.</param>
    /// <param name="time">The clock.</param>
    /// <param name="instead">Asked before each call for the value of its authorization header, in the place of the token; an answer of null for that.</param>
    /// <exception cref="ConfigException">A flag is wrong.</exception>
    /// <exception cref="StartupException">A file that one names can't be used, or there is no such profile.</exception>
    public RpcChannel Open(ParseResult result, ILogger logger, TimeProvider time, Func<string?>? instead = null)
    {
        ClientSettings settings = SettingsOf(result);
        return ServerChannel.Open(settings.Options, LoadToken(result, settings, logger, time), logger, time, instead);
    }

    /// <summary>What flags, environment and profile make together.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="url">A server that is named otherwise than by a flag; null for none.</param>
    /// <exception cref="StartupException">There is no such profile.</exception>
    public ClientSettings SettingsOf(ParseResult result, string? url = null)
    {
        string[] named = url is not null ? [url] : result.GetValue(servers) is { Length: > 0 } flag ? flag : profile is not null ? NamedByVariable() : [];
        ClientSettings settings = profile is null
            ? new ClientSettings { Options = new ProfileOptions() }
            : ClientSettings.Find(result.GetValue(profile), named.Length > 0, ProfileStore.OfUser());
        ProfileOptions options = settings.Options;
        bool isCertificateNamed = result.GetValue(certificate) is not null || result.GetValue(key) is not null;
        return settings with
        {
            Options = options with
            {
                Servers = named.Length > 0 ? named : options.Servers,
                Ca = result.GetValue(roots) ?? options.Ca,
                Certificate = isCertificateNamed ? result.GetValue(certificate) : options.Certificate,
                Key = isCertificateNamed ? result.GetValue(key) : options.Key,
                TokenFile = result.GetValue(token) ?? (Environment.GetEnvironmentVariable(tokenVariable) is { Length: > 0 } ? null : options.TokenFile),
            },
        };
    }

    /// <summary>The token to show, asked for before each call: of the file that flag or profile names, or of the variable; null for none.</summary>
    /// <exception cref="StartupException">The file can't be read, or what it or the variable says is no token.</exception>
    public Func<string?>? LoadToken(ParseResult result, ClientSettings settings, ILogger logger, TimeProvider time)
    {
        if (settings.Options.TokenFile is not { } file)
            return TokenOf(tokenVariable) is { } value ? () => value : null;
        try
        {
            var watched = new WatchedFile<string>(file, text => BearerTokens.LinesOf(text)[0], logger, time);
            return () => watched.Value;
        }
        catch (StartupException exception)
        {
            throw new StartupException(result.GetValue(token) is null ? $"profile '{settings.Profile}': {exception.Message}" : $"--token-file {exception.Message}", exception);
        }
    }

    private static string[] NamedByVariable() =>
        Environment.GetEnvironmentVariable(ServerVariable)?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];

    private static Option<string[]> ServersOfClients() => new("--server")
    {
        HelpName = "URL",
        Arity = ArgumentArity.OneOrMore,
        Description = $"the server's gRPC listener: grpc://host:port, grpcs://host:port or unix:/path; may be repeated for servers of one cluster [default: the variable {ServerVariable}, the profile's, or {ClientSettings.DefaultServer}]",
    };

    /// <summary>The token in a variable; null if it is not set.</summary>
    /// <exception cref="StartupException">What it says is no token.</exception>
    internal static string? TokenOf(string variable)
    {
        if (Environment.GetEnvironmentVariable(variable) is not { Length: > 0 } value)
            return null;
        try
        {
            return BearerTokens.LinesOf(value)[0];
        }
        catch (FormatException exception)
        {
            throw new StartupException($"{variable}: {exception.Message}", exception);
        }
    }
}
