using System.Text.RegularExpressions;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Cli.Profiles;

/// <summary>How a server is reached, and what it is shown: what commands take where no flag and no variable says otherwise. No secret is in it.</summary>
internal sealed partial record ProfileOptions : IOptions
{
    /// <summary>The gRPC addresses of the server, or of servers of one cluster.</summary>
    public IReadOnlyList<string> Servers { get; init; } = [];

    /// <summary>The address of its HTTP listener; null if it is not known.</summary>
    public string? Http { get; init; }

    /// <summary>The instance name; empty for the nameless one.</summary>
    public string Instance { get; init; } = "";

    /// <summary>A PEM file with the certificates to trust instead of the system's.</summary>
    public string? Ca { get; init; }

    /// <summary>A PEM file with the certificate to show.</summary>
    public string? Certificate { get; init; }

    /// <summary>A PEM file with its key.</summary>
    public string? Key { get; init; }

    /// <summary>A file with the token to show.</summary>
    public string? TokenFile { get; init; }

    /// <summary>The header that carries the token as it is, for servers that don't take <c>authorization: Bearer</c>.</summary>
    public string? Header { get; init; }

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (Servers.Count == 0)
            yield return new OptionProblem(nameof(Servers), "is empty: name the server's gRPC address");
        foreach (string server in Servers)
        {
            if (!RpcAddress.TryParse(server, out _, out string? error))
                yield return new OptionProblem(nameof(Servers), error);
        }

        if (Http is not null && !(Uri.TryCreate(Http, UriKind.Absolute, out Uri? http) && http.Scheme is "http" or "https"))
            yield return new OptionProblem(nameof(Http), $"'{Http}' is no address: write http://host:port or https://host:port");
        if (Certificate is null != Key is null)
            yield return new OptionProblem(nameof(Certificate), "a certificate is shown with its key: name both, or none");
        if (Header is not null && !HeaderName().IsMatch(Header))
            yield return new OptionProblem(nameof(Header), $"'{Header}' is no name of a header: write lower-case letters, digits and -");
    }

    [GeneratedRegex("^[a-z0-9][a-z0-9-]*$")]
    private static partial Regex HeaderName();
}
