using System.Net.Security;
using System.Net.Sockets;

namespace RemoteExec.Fetching;

/// <summary>
/// Connections to addresses from which something may be fetched, without redirects, cookies or proxies. Which machine a name leads to is checked for each connection, on the very address that is
/// connected to, so that a name can't change in between.
/// </summary>
internal static class FetchTransport
{
    private static readonly TimeSpan connectionLife = TimeSpan.FromMinutes(1); // then a name is looked up again
    private static readonly TimeSpan connectPatience = TimeSpan.FromSeconds(30);

    /// <summary>Makes what connects.</summary>
    /// <param name="addresses">Which may be fetched from.</param>
    /// <param name="ssl">Whom to trust; null for whom the system trusts.</param>
    /// <param name="isPlainLocal">Whether http is spoken with this machine alone.</param>
    public static HttpMessageHandler Create(FetchableAddresses addresses, SslClientAuthenticationOptions? ssl, bool isPlainLocal)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            ConnectCallback = (context, cancellationToken) => ConnectAsync(addresses, isPlainLocal, context, cancellationToken),
            ConnectTimeout = connectPatience,
            PooledConnectionLifetime = connectionLife,
            MaxResponseHeadersLength = 32,
            MaxResponseDrainSize = 0,
        };
        if (ssl is not null)
            handler.SslOptions = ssl;
        return handler;
    }

    private static async ValueTask<Stream> ConnectAsync(FetchableAddresses addresses, bool isPlainLocal, SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        string host = context.DnsEndPoint.Host;
        bool isLocalOnly = isPlainLocal && context.InitialRequestMessage.RequestUri!.Scheme == "http";
        Socket socket = await CheckedConnection.OpenAsync(addresses, host, context.DnsEndPoint.Port, isLocalOnly, cancellationToken);
        return new NetworkStream(socket, ownsSocket: true);
    }
}
