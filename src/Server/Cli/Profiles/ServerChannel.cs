using System.Net.Security;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Auth;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Cli.Profiles;

/// <summary>Makes channels out of what a profile, or flags in its place, say.</summary>
internal static class ServerChannel
{
    /// <summary>Makes a channel to the servers of a profile; the caller closes it. A certificate is read again when its file changes.</summary>
    /// <param name="options">How the server is reached.</param>
    /// <param name="token">Asked before every call for the token to show; null for none.</param>
    /// <param name="logger">Told of changes that could not be taken.</param>
    /// <param name="time">The clock.</param>
    /// <param name="instead">Asked before each call for the value of its authorization header, in the place of the token; an answer of null for that.</param>
    /// <exception cref="ConfigException">It names no server, or wrongly.</exception>
    /// <exception cref="StartupException">A file that it names can't be used.</exception>
    public static RpcChannel Open(ProfileOptions options, Func<string?>? token, ILogger logger, TimeProvider time, Func<string?>? instead = null)
    {
        List<ConfigProblem> problems = [];
        IReadOnlyList<RpcAddress> addresses = ParseServers(options.Servers, problems);
        if (addresses.Count == 0 && problems.Count == 0)
            problems.Add(ProblemWith("--server", "is missing: which server?"));
        if (options.Certificate is null != options.Key is null)
            problems.Add(ProblemWith(options.Certificate is null ? "--cert" : "--key", "is missing: a certificate is shown with its key"));
        else if (options.Certificate is not null && addresses.FirstOrDefault(address => address.BaseUri.Scheme != "https") is { } plain)
            problems.Add(ProblemWith("--cert", $"is shown over TLS only: write grpcs:// instead of {plain}"));
        if (problems.Count > 0)
            throw new ConfigException(problems);

        SslClientAuthenticationOptions? ssl = ReadRoots(options.Ca);
        return new RpcChannel(addresses, new RpcChannelOptions
        {
            Ssl = ssl,
            ChangingSsl = options.Certificate is null ? null : WatchCertificate(options.Certificate, options.Key!, ssl, logger, time),
            Authorization = instead is null ? OwnHeader : () => instead() ?? OwnHeader(),
            MoreHeaders = options.Header is { } header && token is not null ? () => token() is { } shown ? new RpcMetadata { { header, shown } } : null : null,
            ConnectTimeout = TimeSpan.FromSeconds(5), // there may be others to try
            KeepAlive = TimeSpan.FromSeconds(10),
        });

        string? OwnHeader() => options.Header is null && token?.Invoke() is { } shown ? BearerTokens.ToHeader(shown) : null;
    }

    /// <summary>Whom a profile trusts, and the certificate that it shows, as they are now; null for the system's trust and nothing.</summary>
    /// <exception cref="StartupException">A file that it names can't be used.</exception>
    public static SslClientAuthenticationOptions? TrustOf(ProfileOptions options, ILogger logger, TimeProvider time)
    {
        SslClientAuthenticationOptions? ssl = ReadRoots(options.Ca);
        return options is { Certificate: { } certificate, Key: { } key } ? WatchCertificate(certificate, key, ssl, logger, time)() : ssl;
    }

    private static List<RpcAddress> ParseServers(IEnumerable<string> texts, List<ConfigProblem> problems)
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
}
