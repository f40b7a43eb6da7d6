using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace RemoteExec.Rpc.Client;

/// <summary>Whom a channel over TLS trusts, for <see cref="RpcChannelOptions.Ssl"/>, when the platform's roots are not meant.</summary>
public static class RpcTrust
{
    /// <summary>Trusts the roots in a PEM file and no others.</summary>
    /// <exception cref="IOException">The file can't be read.</exception>
    /// <exception cref="CryptographicException">It has no certificate, or a broken one.</exception>
    public static SslClientAuthenticationOptions InPemFile(string path)
    {
        var roots = new X509Certificate2Collection();
        roots.ImportFromPemFile(path);
        return roots.Count > 0 ? InRoots(roots) : throw new CryptographicException($"{path} has no certificate");
    }

    /// <summary>Trusts these roots and no others.</summary>
    public static SslClientAuthenticationOptions InRoots(X509Certificate2Collection roots)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck, // private roots publish no revocation lists
        };
        policy.CustomTrustStore.AddRange(roots);
        return new SslClientAuthenticationOptions { CertificateChainPolicy = policy };
    }

    /// <summary>Shows servers that ask for one the first certificate of a PEM file, with the others in it, which lead from it towards a root.</summary>
    /// <exception cref="IOException">A file can't be read.</exception>
    /// <exception cref="CryptographicException">The files have no certificate and key, or these don't belong together.</exception>
    public static SslClientAuthenticationOptions Showing(this SslClientAuthenticationOptions options, string certificateFile, string keyFile)
    {
        var chain = new X509Certificate2Collection();
        chain.ImportFromPemFile(certificateFile);
        options.ClientCertificateContext = SslStreamCertificateContext.Create(X509Certificate2.CreateFromPemFile(certificateFile, keyFile), chain, offline: true);
        return options;
    }
}
