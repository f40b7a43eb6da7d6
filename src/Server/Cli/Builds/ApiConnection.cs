using System.CommandLine;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Server.Api;
using RemoteExec.Server.Auth;
using RemoteExec.Server.Cli.Profiles;

namespace RemoteExec.Server.Cli.Builds;

/// <summary>The flags of a command that asks a server's API over HTTP, and the asking.</summary>
internal sealed class ApiConnection
{
    /// <summary>The variable with the address of the server's HTTP listener.</summary>
    public const string HttpVariable = "REMOTEEXEC_HTTP";

    private static readonly TimeSpan patience = TimeSpan.FromSeconds(30);

    private readonly Option<bool> json = new("--json") { Description = "print the answer as JSON" };
    private readonly Option<string?> server = new("--server")
    {
        HelpName = "URL",
        Description = $"the server's HTTP listener [default: the variable {HttpVariable}, the profile's, or {ClientSettings.DefaultHttp}]",
    };

    private readonly Option<string?> roots = new("--ca") { HelpName = "FILE", Description = "PEM file with the certificates to trust instead of the system's, for https://" };

    private readonly Option<string?> token = new("--token-file") { HelpName = "FILE", Description = $"a file with the token to show, on its first line [default: the variable {ServerConnection.Variable}]" };

    private readonly Option<string?> profile = ServerConnection.ProfileFlag();

    /// <summary>Adds them to a command.</summary>
    public ApiConnection(Command command)
    {
        command.Add(json);
        command.Add(server);
        command.Add(roots);
        command.Add(token);
        command.Add(profile);
    }

    /// <summary>Asks, and prints the answer as JSON or shows it.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="terminal">Where to show it.</param>
    /// <param name="path">The path with its query.</param>
    /// <param name="type">What the answer is.</param>
    /// <param name="show">Shows it to a person.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="StartupException">It failed; the message tells what to change.</exception>
    public Task<int> AskAsync<T>(ParseResult result, Terminal terminal, string path, JsonTypeInfo<T> type, Action<T> show, CancellationToken cancellationToken) =>
        AskAsync(result, terminal, async get =>
        {
            T answer = await get.GetAsync(path, type, cancellationToken);
            if (result.GetValue(json))
                terminal.WriteLine(JsonSerializer.Serialize(answer, type));
            else
                show(answer);
        });

    /// <summary>True if the answer is to be printed as JSON.</summary>
    public bool WantsJson(ParseResult result) => result.GetValue(json);

    /// <summary>Asks for several things.</summary>
    /// <exception cref="StartupException">It failed; the message tells what to change.</exception>
    public async Task<int> AskAsync(ParseResult result, Terminal terminal, Func<ApiConnection.Asking, Task> ask)
    {
        string? named = result.GetValue(server) ?? (Environment.GetEnvironmentVariable(HttpVariable) is { Length: > 0 } variable ? variable : null);
        ClientSettings settings = ClientSettings.Find(result.GetValue(profile), named is not null, ProfileStore.OfUser());
        ProfileOptions options = settings.Options with { Ca = result.GetValue(roots) ?? settings.Options.Ca };
        string url = named ?? options.Http ?? (settings.Profile is null
            ? ClientSettings.DefaultHttp
            : throw new StartupException($"profile '{settings.Profile}' does not say where the server's HTTP listener is: name it with --server, or log in again with --http"));
        if (!Uri.TryCreate(url, UriKind.Absolute, out Uri? address) || address.Scheme is not ("http" or "https"))
            throw new UsageException($"--server {url}: write the address of its HTTP listener, http://host:port or https://host:port");
        using var handler = new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(5), UseProxy = false, AllowAutoRedirect = false };
        if (ServerChannel.TrustOf(options, NullLogger.Instance, TimeProvider.System) is { } trust)
            handler.SslOptions = trust;
        using var client = new HttpClient(handler) { BaseAddress = address, Timeout = patience };
        if (TokenOf(result, options) is { } shown)
            client.DefaultRequestHeaders.TryAddWithoutValidation(options.Header ?? BearerTokens.Header, options.Header is null ? BearerTokens.ToHeader(shown) : shown);
        try
        {
            await ask(new Asking(client));
            return ExitCode.Ok;
        }
        catch (HttpRequestException exception) when (exception.StatusCode is null)
        {
            throw new StartupException($"{address} can't be reached: {exception.Message}; name the HTTP address of a server that runs with --server", exception);
        }
        catch (JsonException exception)
        {
            throw new StartupException($"what answers at {address} is no server of this kind, or of another version", exception);
        }
    }

    private string? TokenOf(ParseResult result, ProfileOptions options) =>
        result.GetValue(token) is { } file ? ShownToken.FirstOf(file, "--token-file")
        : ServerConnection.TokenOf(ServerConnection.Variable) ?? (options.TokenFile is { } kept ? ShownToken.FirstOf(kept, "the profile's tokenFile") : null);

    /// <summary>A connection while it is used.</summary>
    internal sealed class Asking(HttpClient client)
    {
        /// <summary>Where the server is.</summary>
        public string Address => client.BaseAddress!.GetLeftPart(UriPartial.Authority);

        /// <summary>Gets something as text; null if the server does not have it, or not now.</summary>
        /// <exception cref="HttpRequestException">It can't be reached.</exception>
        public async Task<string?> FindAsync(string path, CancellationToken cancellationToken)
        {
            using HttpResponseMessage response = await client.GetAsync(path, cancellationToken);
            return response.StatusCode == HttpStatusCode.OK ? await response.Content.ReadAsStringAsync(cancellationToken) : null;
        }

        /// <summary>Gets something.</summary>
        /// <exception cref="StartupException">The server has it not, or does not understand; the message is the server's.</exception>
        public async Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        {
            using HttpResponseMessage response = await client.GetAsync(path, cancellationToken);
            if (response.StatusCode == HttpStatusCode.OK)
                return (await response.Content.ReadFromJsonAsync(type, cancellationToken))!;
            if (response.Content.Headers.ContentType?.MediaType == "application/problem+json")
                throw new StartupException((await response.Content.ReadFromJsonAsync(ApiJson.Default.ApiProblem, cancellationToken))!.Detail);
            throw new StartupException($"{client.BaseAddress} answers {(int)response.StatusCode}: it is no server of this kind, or of another version; name its HTTP address with --server");
        }
    }
}
