using System.Globalization;
using RemoteExec.Redis;

namespace RemoteExec.Server.Configuration;

/// <summary>Where a Redis is, and how it is spoken to.</summary>
internal abstract record RedisAccessOptions : StoreOptions
{
    /// <summary>Servers, each <c>host:port</c>: the one there is, some of a cluster, or the sentinels.</summary>
    public IReadOnlyList<string> Endpoints { get; init; } = [];

    /// <summary>How it is deployed: `standalone`; `sentinel`, with sentinels that say which server is the primary; `cluster`.</summary>
    public RedisTopology Topology { get; init; } = RedisTopology.Standalone;

    /// <summary>What sentinels call the primary.</summary>
    public string ServiceName { get; init; } = "mymaster";

    /// <summary>The user; only `default` can be logged in, for the client library sends a password alone. Rights are given to that user.</summary>
    public string User { get; init; } = "default";

    /// <summary>The file with the password; it is read again for each connection.</summary>
    public string? PasswordFile { get; init; }

    /// <summary>The environment variable with the password, if it is in no file.</summary>
    public string? PasswordVariable { get; init; }

    /// <summary>Whether connections are encrypted.</summary>
    public bool Tls { get; init; }

    /// <summary>The authorities that are trusted instead of those of the system, a PEM file.</summary>
    public string? CaFile { get; init; }

    /// <summary>The name in the certificates, where it is not the host that is connected to.</summary>
    public string? TlsServerName { get; init; }

    /// <summary>The database; a cluster has only 0.</summary>
    public int Database { get; init; }

    /// <summary>What every key begins with, so that others can use the same Redis.</summary>
    public string KeyPrefix { get; init; } = "rx:";

    /// <summary>How long a connection may take to come about.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long an answer may take.</summary>
    public TimeSpan OperationTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public override IEnumerable<OptionProblem> Validate()
    {
        if (Endpoints.Count == 0)
            yield return new(nameof(Endpoints), "is missing: name at least one server, host:port");
        foreach (string endpoint in Endpoints.Where(endpoint => !IsEndpoint(endpoint)))
            yield return new(nameof(Endpoints), $"'{endpoint}' is no host:port");
        if (User != "default")
            yield return new(nameof(User), $"'{User}' can't be logged in, only the user 'default' can: give that one the password and the rights");
        if (PasswordFile is not null && PasswordVariable is not null)
            yield return new(nameof(PasswordVariable), "is set beside passwordFile: the password is in one of the two");
        if (!Tls && (CaFile ?? TlsServerName) is not null)
            yield return new(CaFile is not null ? nameof(CaFile) : nameof(TlsServerName), "is set, but tls is not true");
        if (Database < 0 || (Database > 0 && Topology == RedisTopology.Cluster))
            yield return new(nameof(Database), "must be 0, or a positive number where it is no cluster");
        if (ConnectTimeout <= TimeSpan.Zero)
            yield return new(nameof(ConnectTimeout), "must be positive");
        if (OperationTimeout <= TimeSpan.Zero)
            yield return new(nameof(OperationTimeout), "must be positive");
    }

    private static bool IsEndpoint(string text)
    {
        int colon = text.LastIndexOf(':');
        return colon > 0 && ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) && port > 0
            && Uri.CheckHostName(text[..colon].Trim('[', ']')) != UriHostNameType.Unknown;
    }
}
