using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace RemoteExec.Server.Auth;

/// <summary>Whom clients must have their certificates from: the roots in a PEM file, and those between them and the clients if there are any.</summary>
internal sealed class ClientAuthority
{
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    private readonly X509Certificate2Collection roots = [];
    private readonly X509Certificate2Collection between = [];
    private readonly TimeProvider time;
    private readonly ConditionalWeakTable<X509Certificate2, Verdict> verdicts = []; // a connection shows one object with each of its calls

    /// <summary>Reads the file.</summary>
    /// <exception cref="StartupException">It can't be read, or has no root.</exception>
    public ClientAuthority(string path, string setting, TimeProvider time)
    {
        this.time = time;
        var all = new X509Certificate2Collection();
        try
        {
            all.ImportFromPemFile(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException)
        {
            string reason = exception is CryptographicException ? exception.Message.TrimEnd('.') : IoReason.OfReading(path, exception);
            throw new StartupException($"{path}: {reason} (setting {setting})", exception);
        }

        foreach (X509Certificate2 certificate in all)
            (certificate.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData) ? roots : between).Add(certificate);
        if (roots.Count == 0)
            throw new StartupException($"{path}: there is no root certificate in it, which is one that signs itself (setting {setting})");
    }

    /// <summary>True if a certificate is from there, is for clients, and is valid now.</summary>
    public bool Trusts(X509Certificate2 certificate) =>
        verdicts.GetValue(certificate, one => new Verdict(Judge(one))).IsGood && time.GetUtcNow() < certificate.NotAfter.ToUniversalTime();

    private bool Judge(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck, // private roots publish no revocation lists
            DisableCertificateDownloads = true,
            VerificationTime = time.GetUtcNow().UtcDateTime,
        };
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ClientAuthentication));
        chain.ChainPolicy.CustomTrustStore.AddRange(roots);
        chain.ChainPolicy.ExtraStore.AddRange(between);
        return chain.Build(certificate);
    }

    private sealed record Verdict(bool IsGood);
}
