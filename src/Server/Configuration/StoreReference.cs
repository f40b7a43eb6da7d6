namespace RemoteExec.Server.Configuration;

/// <summary>A store is a name, or a map with exactly one key: its kind.</summary>
/// <param name="Name">The name of an entry of <c>stores</c>; null if the store is described here.</param>
/// <param name="Options">What the store is; null if it is a name.</param>
/// <param name="Origin">Where it was read; null for a default.</param>
internal sealed record StoreReference(string? Name, StoreOptions? Options, ConfigOrigin? Origin)
{
    /// <summary>A store described in place.</summary>
    public static StoreReference To(StoreOptions options) => new(null, options, null);
}
