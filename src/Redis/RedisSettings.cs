using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using StackExchange.Redis;

namespace RemoteExec.Redis;

/// <summary>Options in the words of the client library.</summary>
internal static class RedisSettings
{
    // Without these the library opens no second connection for subscriptions, and asks for less when it connects.
    private static readonly CommandMap commands = CommandMap.Create(["SUBSCRIBE", "UNSUBSCRIBE", "PSUBSCRIBE", "PUNSUBSCRIBE", "PUBLISH", "CONFIG", "CLIENT"], available: false);

    /// <summary>For servers that keep data.</summary>
    public static ConfigurationOptions ForServers(RedisConnectionOptions options, IEnumerable<string> endpoints)
    {
        ConfigurationOptions settings = Common(options, endpoints);
        settings.CommandMap = commands;
        settings.Password = options.Password?.Invoke();
        settings.DefaultDatabase = options.Database;
        return settings;
    }

    /// <summary>For sentinels.</summary>
    public static ConfigurationOptions ForSentinels(RedisConnectionOptions options)
    {
        ConfigurationOptions settings = Common(options, options.Endpoints);
        settings.CommandMap = CommandMap.Sentinel;
        settings.ServiceName = options.ServiceName;
        return settings;
    }

    private static ConfigurationOptions Common(RedisConnectionOptions options, IEnumerable<string> endpoints)
    {
        var settings = new ConfigurationOptions
        {
            AbortOnConnectFail = false,
            ConnectRetry = 1,
            ConnectTimeout = (int)options.ConnectTimeout.TotalMilliseconds,
            SyncTimeout = (int)options.OperationTimeout.TotalMilliseconds,
            ResponseTimeout = (int)options.OperationTimeout.TotalMilliseconds,
            TieBreaker = "", // a key of the library's own, which is not ours to read
            ConfigurationChannel = "",
            Ssl = options.Tls,
            SslHost = options.TlsServerName,
        };
        foreach (string endpoint in endpoints)
            settings.EndPoints.Add(endpoint);
        if (options is { Tls: true, CaFile: { } caFile })
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPemFile(caFile);
            settings.CertificateValidation += (_, certificate, chain, errors) => IsTrusted(authorities, certificate, chain, errors);
        }

        return settings;
    }

    private static bool IsTrusted(X509Certificate2Collection authorities, X509Certificate? certificate, X509Chain? presented, SslPolicyErrors errors)
    {
        if (certificate is not X509Certificate2 leaf || (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != SslPolicyErrors.None)
            return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        if (presented is not null)
            chain.ChainPolicy.ExtraStore.AddRange(presented.ChainPolicy.ExtraStore);
        return chain.Build(leaf);
    }
}
