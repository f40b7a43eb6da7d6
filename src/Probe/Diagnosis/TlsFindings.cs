using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace RemoteExec.Probe.Diagnosis;

/// <summary>Whether the server's certificate is good for who connects, and how long.</summary>
internal static class TlsFindings
{
    private const int SoonDays = 14;
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(10);

    public static async Task<Finding> OfHandshakeAsync(Route route, TimeProvider time, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(patience);
        X509Certificate2? shown = null;
        SslPolicyErrors errors = SslPolicyErrors.None;
        try
        {
            using TcpClient connection = await NetworkFindings.ConnectAsync(route, limit.Token);
            await using var stream = new SslStream(connection.GetStream(), leaveInnerStreamOpen: false);
            await stream.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = route.Host.Trim('[', ']'),
                    ApplicationProtocols = [SslApplicationProtocol.Http2],
                    CertificateChainPolicy = route.Trust?.CertificateChainPolicy?.Clone(),
                    ClientCertificateContext = route.Trust?.ClientCertificateContext,
                    RemoteCertificateValidationCallback = (_, certificate, _, found) =>
                    {
                        (shown, errors) = (certificate is null ? null : new X509Certificate2(certificate), found);
                        return found == SslPolicyErrors.None;
                    },
                },
                limit.Token);
            return stream.NegotiatedApplicationProtocol == SslApplicationProtocol.Http2
                ? OfGood(shown!, stream.SslProtocol, time)
                : new Finding("tls", FindingLevel.Failure, "the certificate is good, but the port does not agree on HTTP/2", "name the gRPC port; a proxy in between has to offer h2 by ALPN");
        }
        catch (AuthenticationException exception)
        {
            return OfBad(route, shown, errors, exception, time);
        }
        catch (Exception exception) when (exception is IOException or SocketException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return new Finding("tls", FindingLevel.Failure, "the port ends the handshake: it may speak without TLS, or want a certificate", $"try grpc://{route.Host}:{route.Port}, or show a certificate with --cert and --key");
        }
        finally
        {
            shown?.Dispose();
        }
    }

    private static Finding OfGood(X509Certificate2 certificate, SslProtocols protocol, TimeProvider time)
    {
        int days = (int)(certificate.NotAfter.ToUniversalTime() - time.GetUtcNow().UtcDateTime).TotalDays;
        string text = $"{protocol}, HTTP/2; the certificate of {certificate.Subject} is good for {days} days";
        return days >= SoonDays ? new Finding("tls", FindingLevel.Ok, text) : new Finding("tls", FindingLevel.Warning, text, "have it renewed before it ends");
    }

    private static Finding OfBad(Route route, X509Certificate2? certificate, SslPolicyErrors errors, AuthenticationException exception, TimeProvider time)
    {
        if (certificate is null)
            return new Finding("tls", FindingLevel.Failure, $"the handshake failed: {exception.Message}", $"if the port speaks without TLS, write grpc://{route.Host}:{route.Port}");
        if (certificate.NotAfter.ToUniversalTime() < time.GetUtcNow().UtcDateTime)
            return new Finding("tls", FindingLevel.Failure, $"the certificate of {certificate.Subject} has ended on {certificate.NotAfter.ToUniversalTime():yyyy-MM-dd}", "have it renewed; if it is not that old, this machine's clock is wrong");
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
        {
            string names = string.Join(", ", certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(extension => extension.EnumerateDnsNames().Concat(extension.EnumerateIPAddresses().Select(address => address.ToString()))));
            return new Finding("tls", FindingLevel.Failure, $"the certificate is not for {route.Host}, but for {(names.Length == 0 ? certificate.Subject : names)}", "connect by one of these names, or have the certificate made for this one");
        }

        return new Finding(
            "tls", FindingLevel.Failure, $"nobody who is trusted here vouches for the certificate of {certificate.Subject}, by {certificate.Issuer}",
            "trust its authority with --ca FILE, which Bazel calls --tls_certificate");
    }
}
