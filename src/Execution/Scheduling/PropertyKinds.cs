using RemoteExec.Protocol;

namespace RemoteExec.Execution.Scheduling;

/// <summary>What platform properties mean, by name. Those that stand nowhere here have to be offered by the worker with the same value, or with <c>*</c>.</summary>
public sealed record PropertyKinds
{
    /// <summary>Says how many cores an action takes: a number, as 0.5 or 4.</summary>
    public IReadOnlyList<string> Cores { get; init; } = ["cores"];

    /// <summary>Says how much memory an action takes: a number of bytes, or with a unit, as 512MiB or 2g.</summary>
    public IReadOnlyList<string> Memory { get; init; } = ["memory"];

    /// <summary>Numbers of which the worker has to offer at least as much; they are not used up.</summary>
    public IReadOnlyList<string> Minimum { get; init; } = [];

    /// <summary>Properties that mean nothing to the choice of a worker, as names of caches do. A <c>*</c> at the end stands for anything.</summary>
    public IReadOnlyList<string> Ignored { get; init; } = [];

    /// <summary>Says how many seconds the build needs at least from this action on: of equal priority, more goes first.</summary>
    public string CriticalPath { get; init; } = "critical-path-seconds";

    /// <summary>True if a number is meant of which a worker has to have at least as much.</summary>
    internal bool IsMinimum(string name) => Minimum.Contains(name, StringComparer.Ordinal);

    /// <summary>Reads the platform of an action; on failure <paramref name="error"/> tells the property and what is wrong with it.</summary>
    internal bool TryRead(Reapi.Platform? platform, out PlatformWish wish, [System.Diagnostics.CodeAnalysis.NotNullWhen(false)] out string? error)
    {
        wish = PlatformWish.None;
        error = null;
        if (platform is null or { Properties.Count: 0 })
            return true;

        long cpuMillis = 0;
        long memory = 0;
        double criticalPath = 0;
        List<(string, string)> matched = [];
        foreach (Reapi.Platform.Types.Property property in platform.Properties)
        {
            (string name, string value) = (property.Name, property.Value);
            bool isGood = true;
            if (Cores.Contains(name, StringComparer.Ordinal))
            {
                isGood = Quantity.TryParseNumber(value, out double cores) && cores is > 0 and < 1_000_000;
                cpuMillis = isGood ? (long)Math.Ceiling(cores * Resources.Core) : 0;
            }
            else if (Memory.Contains(name, StringComparer.Ordinal))
            {
                isGood = Quantity.TryParse(value, out memory) && memory > 0;
            }
            else if (name == CriticalPath)
            {
                isGood = Quantity.TryParseNumber(value, out criticalPath) && criticalPath >= 0;
            }
            else if (OutputProperties.Has(name))
            {
                isGood = OutputProperties.TryParse(value, out _);
            }
            else if (!IsIgnored(name) && !name.StartsWith(SandboxProperties.CachePrefix, StringComparison.Ordinal)
                && name is not (SandboxProperties.Audit or SandboxProperties.PersistentWorkerKey or SandboxProperties.PersistentWorkerProtocol))
            {
                isGood = !IsMinimum(name) || Quantity.TryParseNumber(value, out _);
                matched.Add((name, value));
            }

            if (!isGood)
            {
                error = $"the platform property {name}={value} is no such number as this server takes it for";
                return false;
            }
        }

        wish = new PlatformWish(PlatformKey.Of(matched), new Resources(cpuMillis, memory), criticalPath, platform);
        return true;
    }

    private bool IsIgnored(string name)
    {
        foreach (string ignored in Ignored)
        {
            if (ignored.EndsWith('*') ? name.StartsWith(ignored[..^1], StringComparison.Ordinal) : name == ignored)
                return true;
        }

        return false;
    }
}
