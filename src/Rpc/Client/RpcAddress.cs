using System.Diagnostics.CodeAnalysis;

namespace RemoteExec.Rpc.Client;

/// <summary>
/// Where a gRPC server is: <c>grpc://host:port</c>, <c>grpcs://host:port</c> (TLS), <c>http(s)://…</c> for the same, <c>unix:/path</c>,
/// or <c>host:port</c> for plain gRPC.
/// </summary>
public sealed record RpcAddress
{
    private RpcAddress(Uri baseUri, string? socketPath)
    {
        BaseUri = baseUri;
        SocketPath = socketPath;
    }

    /// <summary>Scheme (http or https), host and port.</summary>
    public Uri BaseUri { get; }

    /// <summary>The path of the UNIX socket; null for TCP.</summary>
    public string? SocketPath { get; }

    /// <summary>Parses an address; <paramref name="error"/> says what is wrong with a bad one.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out RpcAddress? address, [NotNullWhen(false)] out string? error)
    {
        address = null;
        error = null;
        if (text.StartsWith("unix:", StringComparison.Ordinal))
        {
            string path = text["unix:".Length..];
            if (path.StartsWith("//", StringComparison.Ordinal))
                path = path[2..];
            if (path.Length == 0)
                error = $"'{text}' names no socket: write unix:/path/of/socket";
            else
                address = new RpcAddress(new Uri("http://localhost"), path);
            return error is null;
        }

        string url = text.Contains("://", StringComparison.Ordinal) ? text : $"grpc://{text}";
        url = url.Replace("grpcs://", "https://", StringComparison.Ordinal).Replace("grpc://", "http://", StringComparison.Ordinal);
        if (!Uri.TryCreate(url, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https") || uri.PathAndQuery != "/")
        {
            error = $"'{text}' is no server address: write grpc://host:port, grpcs://host:port or unix:/path";
            return false;
        }

        address = new RpcAddress(uri, null);
        return true;
    }

    /// <summary>Parses an address that is known to be good.</summary>
    /// <exception cref="FormatException">It is not.</exception>
    public static RpcAddress Parse(string text) =>
        TryParse(text, out RpcAddress? address, out string? error) ? address : throw new FormatException(error);

    /// <summary>The address as <see cref="TryParse"/> reads it.</summary>
    public override string ToString() => SocketPath is null ? $"{(BaseUri.Scheme == "https" ? "grpcs" : "grpc")}://{BaseUri.Authority}" : $"unix:{SocketPath}";
}
