using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using RemoteExec.Cas.Stores;
using RemoteExec.Redis;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Hosting;

/// <summary>Makes stores in Redis out of options.</summary>
internal static class RedisStores
{
    /// <summary>Makes a store; it connects in the background.</summary>
    /// <exception cref="StartupException">The password or the authorities can't be read.</exception>
    public static RedisStore Open(RedisOptions options, string label, ILoggerFactory loggers, TimeProvider time)
    {
        var settings = new RedisStoreOptions { Name = label, KeyPrefix = options.KeyPrefix, MaxValueBytes = (int)options.MaxValueBytes.Bytes, TimeToLive = options.Ttl };
        return new RedisStore(settings, ToConnection(options, label), loggers.CreateLogger<RedisStore>(), time);
    }

    /// <summary>The settings of a connection.</summary>
    /// <exception cref="StartupException">The password or the authorities can't be read.</exception>
    public static RedisConnectionOptions ToConnection(RedisAccessOptions options, string label)
    {
        var connection = new RedisConnectionOptions
        {
            Endpoints = options.Endpoints,
            Topology = options.Topology,
            ServiceName = options.ServiceName,
            Tls = options.Tls,
            CaFile = options.CaFile,
            TlsServerName = options.TlsServerName,
            Password = PasswordOf(options),
            Database = options.Database,
            ConnectTimeout = options.ConnectTimeout,
            OperationTimeout = options.OperationTimeout,
        };
        if (connection.Password is { } password)
            Try(label, options.PasswordFile is { } file ? $"passwordFile {file}" : "passwordVariable", () => password());
        if (options.CaFile is { } caFile)
            Try(label, $"caFile {caFile}", () => EnsureHasCertificate(caFile));
        return connection;
    }

    private static void Try(string label, string setting, Action read)
    {
        try
        {
            read();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidDataException or CryptographicException)
        {
            throw new StartupException($"store '{label}' can't be opened: {setting}: {IoReason.Of(exception)}", exception);
        }
    }

    private static void EnsureHasCertificate(string path)
    {
        var certificates = new X509Certificate2Collection();
        certificates.ImportFromPemFile(path);
        if (certificates.Count == 0)
            throw new InvalidDataException("there is no certificate in it");
    }

    private static Func<string>? PasswordOf(RedisAccessOptions options) => options switch
    {
        { PasswordFile: { } file } => () => File.ReadAllText(file).TrimEnd('\r', '\n'),
        { PasswordVariable: { } variable } => () => Environment.GetEnvironmentVariable(variable) ?? throw new InvalidDataException($"the environment variable {variable} is not set"),
        _ => null,
    };
}
