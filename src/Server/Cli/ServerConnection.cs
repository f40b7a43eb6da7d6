using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net.Security;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Auth;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Cli;

/// <summary>The flags of a command that calls a server: where it is, whom to trust, and what to show it. No flag takes a secret itself, which others on the machine could read.</summary>
internal sealed class ServerConnection
{
    /// <summary>The variable with the token of a client.</summary>
    public const string Variable = "REMOTEEXEC_TOKEN";

    private readonly Option<string[]> servers;
    private readonly Option<string?> roots = new("--ca") { HelpName = "FILE", Description = "PEM file with the certificates to trust instead of the system's, for grpcs://" };
    private readonly Option<string?> token;
    private readonly string tokenVariable;
    private readonly Option<string?> certificate = new("--cert") { HelpName = "FILE", Description = "PEM file with the certificate to show (server: listeners.workerAuth.clientCa), for grpcs://" };
    private readonly Option<string?> key = new("--key") { HelpName = "FILE", Description = "PEM file with the key of --cert" };

    private ServerConnection(Command command, Option<string[]> servers, string tokenVariable, string whoAsks)
    {
        this.servers = servers;
        this.tokenVariable = tokenVariable;
        token = new Option<string?>("--token-file")
        {
            HelpName = "FILE",
            Description = $"a file with the token to show ({whoAsks}); read again when it changes [default: the variable {tokenVariable}]",
        };
        foreach (Option flag in new Option[] { servers, roots, token })
            command.Add(flag);
    }

    /// <summary>Adds the flags to the command of a worker: the server has to be named, or several, and may be shown a token or a certificate.</summary>
    public static ServerConnection OfWorker(Command command, string whatServers)
    {
        var servers = new Option<string[]>("--server") { HelpName = "URL", Arity = ArgumentArity.OneOrMore, Description = whatServers };
        var connection = new ServerConnection(command, servers, "REMOTEEXEC_WORKER_TOKEN", "server: listeners.workerAuth.tokenFile, or auth.tokens.file");
        command.Add(connection.certificate);
        command.Add(connection.key);
        return connection;
    }

    /// <summary>Adds the flags to the command of an operator: the server is the one on this machine if none is named, and may be shown a token.</summary>
    public static ServerConnection OfOperator(Command command) => new(command, ServersOfClients(), "REMOTEEXEC_OPERATOR_TOKEN", "server: operators.tokenFile, or auth.tokens.file");

    /// <summary>Adds the flags to a command that reads and writes blobs: the server is the one on this machine if none is named.</summary>
    public static ServerConnection OfClient(Command command) => new(command, ServersOfClients(), Variable, "where the server, or a proxy before it, asks for one");

    /// <summary>Makes the channel that the flags describe; the caller closes it. Files with what it shows are read again when they change.</summary>
    /// <param name="result">The flags.</param>
    /// <param name="logger">Told of changes that could not be taken.</param>
    /// <param name="time">The clock.</param>
    /// <param name="instead">Asked before each call for the value of its authorization header, in the place of the token that a flag names; an answer of null for that.</param>
    /// <exception cref="ConfigException">A flag is wrong.</exception>
    /// <exception cref="StartupException">A file that one names can't be used.</exception>
    public RpcChannel Open(ParseResult result, ILogger logger, TimeProvider time, Func<string?>? instead = null)
    {
        List<ConfigProblem> problems = [];
        IReadOnlyList<RpcAddress> addresses = ParseServers(result.GetValue(servers) ?? [], problems);
        if (addresses.Count == 0 && problems.Count == 0)
            problems.Add(ProblemWith("--server", "is missing: which server?"));
        (string? certificateFile, string? keyFile) = (result.GetResult(certificate) is null ? null : result.GetValue(certificate), result.GetResult(key) is null ? null : result.GetValue(key));
        if (certificateFile is null != keyFile is null)
            problems.Add(ProblemWith(certificateFile is null ? "--cert" : "--key", "is missing: a certificate is shown with its key"));
        else if (certificateFile is not null && addresses.FirstOrDefault(address => address.BaseUri.Scheme != "https") is { } plain)
            problems.Add(ProblemWith("--cert", $"is shown over TLS only: write grpcs:// instead of {plain}"));
        if (problems.Count > 0)
            throw new ConfigException(problems);

        SslClientAuthenticationOptions? ssl = ReadRoots(result.GetValue(roots));
        Func<string?>? own = LoadToken(result.GetValue(token), logger, time);
        return new RpcChannel(addresses, new RpcChannelOptions
        {
            Ssl = ssl,
            ChangingSsl = certificateFile is null ? null : WatchCertificate(certificateFile, keyFile!, ssl, logger, time),
            Authorization = instead is null ? own : () => instead() ?? own?.Invoke(),
            ConnectTimeout = TimeSpan.FromSeconds(5), // there may be others to try
            KeepAlive = TimeSpan.FromSeconds(10),
        });
    }

    private static Option<string[]> ServersOfClients() => new("--server")
    {
        HelpName = "URL",
        Arity = ArgumentArity.OneOrMore,
        Description = "the server's gRPC listener: grpc://host:port, grpcs://host:port or unix:/path; may be repeated for servers of one cluster",
        DefaultValueFactory = _ => ["grpc://127.0.0.1:8980"],
    };

    private static List<RpcAddress> ParseServers(string[] texts, List<ConfigProblem> problems)
    {
        List<RpcAddress> addresses = [];
        foreach (string text in texts)
        {
            if (RpcAddress.TryParse(text, out RpcAddress? address, out string? error))
                addresses.Add(address);
            else
                problems.Add(ProblemWith("--server", error));
        }

        return addresses;
    }

    private static ConfigProblem ProblemWith(string flag, string message) => new(new ConfigOrigin(flag), "", message);

    private static SslClientAuthenticationOptions? ReadRoots(string? file)
    {
        try
        {
            return file is null ? null : RpcTrust.InPemFile(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new StartupException($"--ca {Explain(file!, exception)}", exception);
        }
    }

    // Whoever renews them writes one file after the other: as long as they don't belong together, what they were before holds.
    private static Func<SslClientAuthenticationOptions> WatchCertificate(string certificateFile, string keyFile, SslClientAuthenticationOptions? trust, ILogger logger, TimeProvider time)
    {
        try
        {
            var watched = new WatchedFile<SslClientAuthenticationOptions>(certificateFile, Load, logger, time);
            return () => watched.Value;
        }
        catch (StartupException exception)
        {
            throw new StartupException($"--cert, --key {exception.Message}", exception);
        }

        SslClientAuthenticationOptions Load(string text)
        {
            try
            {
                return new SslClientAuthenticationOptions { CertificateChainPolicy = trust?.CertificateChainPolicy }.Showing(certificateFile, keyFile);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw new FormatException($"the key can't be read: {Explain(keyFile, exception)}", exception);
            }
            catch (CryptographicException exception)
            {
                throw new FormatException(exception.Message.TrimEnd('.'), exception);
            }
        }
    }

    private static string Explain(string file, Exception exception) => $"{file}: {(exception is CryptographicException ? exception.Message.TrimEnd('.') : IoReason.OfReading(file, exception))}";

    private Func<string?>? LoadToken(string? file, ILogger logger, TimeProvider time)
    {
        if (file is not null)
        {
            try
            {
                var watched = new WatchedFile<string>(file, text => BearerTokens.ToHeader(BearerTokens.LinesOf(text)[0]), logger, time);
                return () => watched.Value;
            }
            catch (StartupException exception)
            {
                throw new StartupException($"--token-file {exception.Message}", exception);
            }
        }

        return HeaderOf(tokenVariable) is { } header ? () => header : null;
    }

    /// <summary>The authorization header with the token of a variable; null if it is not set.</summary>
    /// <exception cref="StartupException">What it says is no token.</exception>
    internal static string? HeaderOf(string variable)
    {
        if (Environment.GetEnvironmentVariable(variable) is not { Length: > 0 } value)
            return null;
        try
        {
            return BearerTokens.ToHeader(BearerTokens.LinesOf(value)[0]);
        }
        catch (FormatException exception)
        {
            throw new StartupException($"{variable}: {exception.Message}", exception);
        }
    }
}
