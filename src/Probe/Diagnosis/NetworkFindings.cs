using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace RemoteExec.Probe.Diagnosis;

/// <summary>Whether the name is known, the port answers, and what it speaks.</summary>
internal static class NetworkFindings
{
    private const int FrameHeaderBytes = 9;
    private const int SettingsFrame = 4;
    private const int GoAwayFrame = 7;
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(10);

    public static async Task<Finding> OfNameAsync(Route route, CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(route.Host.Trim('[', ']'), out _))
            return new Finding("name", FindingLevel.Ok, $"{route.Host} is an address");
        try
        {
            IPAddress[] addresses = await Dns.GetHostAddressesAsync(route.Host, cancellationToken);
            return new Finding("name", FindingLevel.Ok, $"{route.Host} is {string.Join(", ", addresses.Select(address => address.ToString()))}");
        }
        catch (SocketException exception)
        {
            return new Finding("name", FindingLevel.Failure, $"{route.Host}: {exception.Message}", "check the spelling, and whether this machine needs a VPN or another DNS server for that name");
        }
    }

    public static async Task<Finding> OfPortAsync(Route route, TimeProvider time, CancellationToken cancellationToken)
    {
        long start = time.GetTimestamp();
        try
        {
            using TcpClient connection = await ConnectAsync(route, cancellationToken);
            return new Finding("port", FindingLevel.Ok, FormattableString.Invariant($"{route.Host}:{route.Port} answers after {time.GetElapsedTime(start).TotalMilliseconds:0.0} ms"));
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionRefused)
        {
            return new Finding("port", FindingLevel.Failure, $"nobody listens on {route.Host}:{route.Port}", "is the server running there, and does it open this address (listeners.grpc)? By default it listens on its own machine alone");
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return new Finding("port", FindingLevel.Failure, $"{route.Host}:{route.Port} does not answer", "a firewall in between drops it, or the host is down: try from a machine nearer to it");
        }
    }

    public static async Task<Finding> OfPlainHttp2Async(Route route, CancellationToken cancellationToken)
    {
        byte[] answer = await AskPlainlyAsync(route, cancellationToken);
        if (answer.Length >= FrameHeaderBytes && answer[3] == SettingsFrame)
            return new Finding("http/2", FindingLevel.Ok, "spoken without TLS: whoever is on the way can read along");
        if (await SpeaksTlsAsync(route, cancellationToken))
            return new Finding("http/2", FindingLevel.Failure, "the port wants TLS", $"write grpcs://{route.Host}:{route.Port}");
        return answer.AsSpan().StartsWith("HTTP/1"u8) || (answer.Length >= FrameHeaderBytes && answer[3] == GoAwayFrame) // some say in HTTP/2 that they don't speak it
            ? new Finding("http/2", FindingLevel.Failure, "the port speaks HTTP/1.1 only", "name the gRPC port; that for HTTP caches and browsers is another (8980 and 8981 by default). A proxy in between has to pass HTTP/2 on")
            : new Finding("http/2", FindingLevel.Failure, "the port speaks something else", "name the server's gRPC port");
    }

    /// <summary>Connects.</summary>
    internal static async Task<TcpClient> ConnectAsync(Route route, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(patience);
        var connection = new TcpClient();
        try
        {
            await connection.ConnectAsync(route.Host.Trim('[', ']'), route.Port, limit.Token);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    // What is sent begins every connection of HTTP/2; a server that speaks it answers with settings of its own.
    private static async Task<byte[]> AskPlainlyAsync(Route route, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(patience);
        var answer = new byte[FrameHeaderBytes];
        int length = 0;
        try
        {
            using TcpClient connection = await ConnectAsync(route, limit.Token);
            await using NetworkStream stream = connection.GetStream();
            await stream.WriteAsync((byte[])[.. Encoding.ASCII.GetBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 0, 0, 0, SettingsFrame, 0, 0, 0, 0, 0], limit.Token);
            length = await stream.ReadAtLeastAsync(answer, answer.Length, throwOnEndOfStream: false, limit.Token);
        }
        catch (Exception exception) when (IsNoAnswer(exception, cancellationToken))
        {
            // What came before that counts.
        }

        return answer[..length];
    }

    private static async Task<bool> SpeaksTlsAsync(Route route, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(patience);
        try
        {
            using TcpClient connection = await ConnectAsync(route, limit.Token);
            await using var stream = new SslStream(connection.GetStream(), leaveInnerStreamOpen: false, (_, _, _, _) => true); // nothing is sent over it
            await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = route.Host, ApplicationProtocols = [SslApplicationProtocol.Http2] }, limit.Token);
            return true;
        }
        catch (Exception exception) when (exception is System.Security.Authentication.AuthenticationException || IsNoAnswer(exception, cancellationToken))
        {
            return false;
        }
    }

    private static bool IsNoAnswer(Exception exception, CancellationToken cancellationToken) =>
        exception is IOException or SocketException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested);
}
