namespace RemoteExec.Probe.Diagnosis;

/// <summary>Proxies that clients may take instead of the direct way.</summary>
public static class ProxyFindings
{
    private static readonly string[] proxies = ["grpc_proxy", "https_proxy", "http_proxy", "all_proxy"];
    private static readonly string[] exceptions = ["no_grpc_proxy", "no_proxy"];

    /// <summary>What the environment says about proxies on the way to a host.</summary>
    /// <param name="host">The host.</param>
    /// <param name="variable">Gives the value of a variable; null if it is not set.</param>
    public static Finding Of(string host, Func<string, string?> variable)
    {
        string[] set = [.. proxies.SelectMany(name => new[] { name, name.ToUpperInvariant() }).Where(name => variable(name) is { Length: > 0 })];
        if (set.Length == 0)
            return new Finding("proxy", FindingLevel.Ok, "none in the environment");
        IEnumerable<string> excepted = exceptions.SelectMany(name => new[] { variable(name), variable(name.ToUpperInvariant()) })
            .SelectMany(value => value?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? []);
        return excepted.Any(pattern => IsMeant(pattern, host))
            ? new Finding("proxy", FindingLevel.Ok, $"{string.Join(", ", set)} is set, but not for {host}")
            : new Finding("proxy", FindingLevel.Warning, $"{string.Join(", ", set)} is set: clients may go through it, as this command does not", $"add {host} to NO_PROXY, unless the proxy is the only way");
    }

    private static bool IsMeant(string pattern, string host) =>
        pattern == "*" || string.Equals(pattern, host, StringComparison.OrdinalIgnoreCase) || host.EndsWith("." + pattern.TrimStart('*').TrimStart('.'), StringComparison.OrdinalIgnoreCase);
}
