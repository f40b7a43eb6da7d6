using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Hosting;

/// <summary>What the TLS listeners show to clients.</summary>
/// <param name="Leaf">The server's certificate, with its key.</param>
/// <param name="Chain">What the file has: the certificate, and those that lead from it towards a root. Clients need them, as they know only roots.</param>
internal sealed record ServerCertificate(X509Certificate2 Leaf, X509Certificate2Collection Chain)
{
    /// <summary>Reads the files that the options name; null if they name none.</summary>
    /// <exception cref="StartupException">They can't be read, or don't belong together.</exception>
    public static ServerCertificate? Load(TlsOptions options)
    {
        if (options.Certificate is null)
            return null;
        string path = options.Certificate;
        try
        {
            var chain = new X509Certificate2Collection();
            chain.ImportFromPemFile(path);
            path = options.Key!;
            return new ServerCertificate(X509Certificate2.CreateFromPemFile(options.Certificate, options.Key), chain);
        }
        catch (CryptographicException exception)
        {
            throw new StartupException(
                $"the certificate {options.Certificate} with the key {options.Key} can't be used: {exception.Message.TrimEnd('.')} (settings listeners.tls.certificate and listeners.tls.key)",
                exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"{path} can't be read: {IoReason.OfReading(path, exception)} (settings listeners.tls.certificate and listeners.tls.key)", exception);
        }
    }
}
