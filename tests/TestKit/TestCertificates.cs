using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace RemoteExec.TestKit;

/// <summary>Certificates of a test's own, each with its key.</summary>
public static class TestCertificates
{
    /// <summary>What a certificate is for.</summary>
    public const string ForClients = "1.3.6.1.5.5.7.3.2";
    /// <summary>What a certificate is for.</summary>
    public const string ForServers = "1.3.6.1.5.5.7.3.1";
    private static int serial;

    /// <summary>An authority: signed by another, or by itself.</summary>
    public static X509Certificate2 IssueAuthority(string name, X509Certificate2? issuer = null) => Issue(name, issuer, isAuthority: true, purpose: null, DateTimeOffset.MaxValue);

    /// <summary>A certificate of somebody, good for a day unless it is to end earlier.</summary>
    public static X509Certificate2 Issue(string name, X509Certificate2 issuer, string? purpose = null, DateTimeOffset? until = null) =>
        Issue(name, issuer, isAuthority: false, purpose, until ?? DateTimeOffset.MaxValue);

    /// <summary>Writes a certificate with those that lead from it to a root, and its key.</summary>
    public static void Write(X509Certificate2 certificate, string certificateFile, string keyFile, params IEnumerable<X509Certificate2> chain)
    {
        File.WriteAllText(certificateFile, string.Join('\n', chain.Prepend(certificate).Select(one => one.ExportCertificatePem())));
        File.WriteAllText(keyFile, certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
    }

    private static X509Certificate2 Issue(string name, X509Certificate2? issuer, bool isAuthority, string? purpose, DateTimeOffset until)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, hasPathLengthConstraint: false, 0, critical: true));
        if (purpose is not null)
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], critical: false));
        if (!isAuthority)
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName(name);
            request.CertificateExtensions.Add(names.Build());
        }

        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        if (issuer is null)
            return request.CreateSelfSigned(now.AddDays(-3), now.AddDays(3));
        DateTimeOffset end = issuer.NotAfter.ToUniversalTime().AddHours(-1);
        using X509Certificate2 issued = request.Create(
            issuer, issuer.NotBefore.ToUniversalTime().AddHours(1), until < end ? until : end, BitConverter.GetBytes(Interlocked.Increment(ref serial)));
        return issued.CopyWithPrivateKey(key);
    }
}
