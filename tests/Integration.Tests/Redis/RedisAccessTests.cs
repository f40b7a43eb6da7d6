using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using RemoteExec.Cas;
using RemoteExec.Cas.Stores;
using RemoteExec.Redis;

namespace RemoteExec.Integration.Tests.Redis;

/// <summary>Passwords, rights and TLS.</summary>
public sealed class RedisAccessTests
{
    private static readonly TestBlob blob = TestBlob.Random(1, 100);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_rights_that_the_manual_names_are_enough_and_hold_for_the_prefix_alone()
    {
        string[] rights = await ManualRightsAsync();
        await using RedisServer server = await RedisServer.StartAsync(["--user", .. rights]);
        RedisConnectionOptions connection = server.ToConnection() with { Password = () => "PASSWORD" };
        var options = new RedisStoreOptions { Name = "results", KeyPrefix = "rx:" };

        await using RedisStore store = await RedisFixture.OpenAsync(connection, options);
        await using RedisStore mortal = await RedisFixture.OpenAsync(connection, options with { TimeToLive = TimeSpan.FromMinutes(1) });
        await store.WriteAllAsync(blob.Digest, blob.Content, Token);
        await mortal.WriteAllAsync(blob.Digest, blob.Content, Token);
        Assert.Equal(blob.Content, await store.ReadAllAsync(blob.Digest, 1000, Token));
        await using (BlobReader? reader = await store.OpenReadAsync(blob.Digest, 0, Token))
            reader!.Discard();
        Assert.False(await store.ContainsAsync(blob.Digest, Token));

        await using RedisStore elsewhere = RedisFixture.Make(connection, options with { KeyPrefix = "other:" });
        StoreUnavailableException? refusal = null;
        await RedisFixture.UntilAsync(async () =>
        {
            refusal = await Assert.ThrowsAsync<StoreUnavailableException>(async () => await elsewhere.WriteAllAsync(blob.Digest, blob.Content, Token));
            return refusal.Message.Contains("NOPERM", StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task A_wrong_password_is_told_and_a_changed_one_is_read_again()
    {
        await using RedisServer server = await RedisServer.StartAsync("--requirepass", "right");
        var log = new RecordingLogger();
        string password = "wrong";
        await using RedisStore store = RedisFixture.Make(server.ToConnection() with { Password = () => password }, log: log);
        await RedisFixture.UntilAsync(() => Task.FromResult(!log.Entries.IsEmpty));
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.ContainsAsync(blob.Digest, Token));

        password = "right";

        await RedisFixture.UntilAsync(async () => !await store.ContainsAsync(blob.Digest, Token));
    }

    [Fact]
    public async Task TLS_is_trusted_for_its_authority_and_its_name()
    {
        using var files = new TemporaryDirectory();
        using X509Certificate2 authority = Issue("CN=test authority", null);
        using X509Certificate2 leaf = Issue("CN=redis.test", authority);
        await File.WriteAllTextAsync(files["ca.pem"], authority.ExportCertificatePem(), Token);
        await File.WriteAllTextAsync(files["tls.pem"], leaf.ExportCertificatePem(), Token);
        await File.WriteAllTextAsync(files["tls.key"], leaf.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem(), Token);
        await using RedisServer server = await RedisServer.StartAsync(
            "--tls-port", "{port}", "--tls-cert-file", files["tls.pem"], "--tls-key-file", files["tls.key"], "--tls-ca-cert-file", files["ca.pem"], "--tls-auth-clients", "no");
        RedisConnectionOptions connection = server.ToConnection() with { Tls = true, CaFile = files["ca.pem"], TlsServerName = "redis.test" };

        await using RedisStore store = await RedisFixture.OpenAsync(connection);
        await store.WriteAllAsync(blob.Digest, blob.Content, Token);
        Assert.Equal(blob.Content, await store.ReadAllAsync(blob.Digest, 1000, Token));

        await AssertRefusedAsync(connection with { TlsServerName = "other.test" });
        await AssertRefusedAsync(connection with { TlsServerName = null });
        await AssertRefusedAsync(connection with { CaFile = null });
        await AssertRefusedAsync(connection with { Tls = false, CaFile = null, TlsServerName = null });
    }

    private static async Task AssertRefusedAsync(RedisConnectionOptions connection)
    {
        var log = new RecordingLogger();
        await using RedisStore store = RedisFixture.Make(connection, log: log);
        await RedisFixture.UntilAsync(() => Task.FromResult(!log.Entries.IsEmpty));
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.ContainsAsync(blob.Digest, Token));
    }

    private static async Task<string[]> ManualRightsAsync()
    {
        string[] lines = await File.ReadAllLinesAsync(Repository.Path("docs", "redis.md"), Token);
        return lines.Single(line => line.StartsWith("user default on ", StringComparison.Ordinal)).Split(' ')[1..];
    }

    private static X509Certificate2 Issue(string name, X509Certificate2? issuer)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(issuer is null, false, 0, true));
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name["CN=".Length..].Replace(' ', '-'));
        request.CertificateExtensions.Add(names.Build());
        DateTimeOffset from = TimeProvider.System.GetUtcNow().AddHours(-1), to = from.AddDays(1);
        if (issuer is null)
            return request.CreateSelfSigned(from, to);
        using X509Certificate2 signed = request.Create(issuer, from.AddMinutes(1), to.AddMinutes(-1), RandomNumberGenerator.GetBytes(8));
        return signed.CopyWithPrivateKey(key);
    }
}
