using RemoteExec.Protocol;
using RemoteExec.Worker.Caches;

namespace RemoteExec.Worker;

/// <summary>What the platform of an action asks of the sandbox.</summary>
/// <param name="RootFileSystem">The directory that is its whole file system; null for the worker's tools.</param>
/// <param name="Network">True if it is to reach the network.</param>
internal sealed record ActionPlatform(Digest? RootFileSystem, bool Network)
{
    /// <summary>The directories that are to be kept for later actions.</summary>
    public IReadOnlyList<CachePlace> Caches { get; init; } = [];

    /// <summary>True if what it looks at is to be written down; null if it does not say.</summary>
    public bool? Audit { get; init; }

    /// <summary>The key of the persistent process that may run it; null if none may.</summary>
    public string? PersistentKey { get; init; }

    /// <summary>True if that process is spoken to in JSON.</summary>
    public bool IsPersistentJson { get; init; }

    /// <summary>Reads a platform.</summary>
    /// <param name="platform">The platform; null for none.</param>
    /// <param name="action">Its digest, whose instance and function are those of others.</param>
    /// <exception cref="InvalidActionException">A value makes no sense.</exception>
    public static ActionPlatform Parse(Reapi.Platform? platform, Digest action)
    {
        var parsed = new ActionPlatform(null, Network: false);
        foreach (Reapi.Platform.Types.Property property in platform?.Properties ?? [])
        {
            parsed = property.Name switch
            {
                SandboxProperties.RootFileSystem => parsed with { RootFileSystem = ParseDigest(property.Value, action) },
                SandboxProperties.Network => parsed with { Network = IsOn(property) },
                SandboxProperties.Audit => parsed with { Audit = IsOn(property) },
                SandboxProperties.PersistentWorkerKey => parsed with { PersistentKey = property.Value.Length == 0 ? null : property.Value },
                SandboxProperties.PersistentWorkerProtocol => parsed with { IsPersistentJson = property.Value == "json" },
                _ => parsed,
            };
        }

        return parsed;
    }

    private static Digest ParseDigest(string text, Digest action)
    {
        string[] parts = text.Split('/');
        return parts is [{ } hash, { } size] && long.TryParse(size, System.Globalization.CultureInfo.InvariantCulture, out long bytes)
            && action.TryParseSibling(new Reapi.Digest { Hash = hash, SizeBytes = bytes }, out Digest digest, out _)
            ? digest
            : throw new InvalidActionException($"the platform property {SandboxProperties.RootFileSystem}={text} is no digest of a directory: hash/size is expected");
    }

    private static bool IsOn(Reapi.Platform.Types.Property property) => property.Value switch
    {
        "on" => true,
        "off" => false,
        _ => throw new InvalidActionException($"the platform property {property.Name}={property.Value} is neither 'on' nor 'off'"),
    };
}
