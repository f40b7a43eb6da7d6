using RemoteExec.Protocol.Operators;

namespace RemoteExec.Execution.Operators;

/// <summary>
/// Platforms as an attribute of metrics, of which there must not be many: clients and workers can make up any. Those that come first have a name of their own for as long as the process
/// lives, all others one together. Not thread-safe.
/// </summary>
/// <param name="most">How many have a name of their own.</param>
internal sealed class PlatformLabels(int most)
{
    /// <summary>What all others are called.</summary>
    public const string Other = "other";

    private readonly HashSet<string> named = new(StringComparer.Ordinal);
    private readonly HashSet<string> given = new(StringComparer.Ordinal);

    /// <summary>All names that were given so far.</summary>
    public IReadOnlyCollection<string> Given => given;

    /// <summary>The name of a platform: its properties, or <see cref="Other"/>.</summary>
    public string Of(IReadOnlyCollection<Property> platform)
    {
        string name = NameOf(platform);
        given.Add(name);
        return name;
    }

    private string NameOf(IReadOnlyCollection<Property> platform)
    {
        string text = string.Join(',', platform.Select(property => $"{property.Name}={property.Value}"));
        if (named.Contains(text))
            return text;
        if (named.Count == most)
            return Other;
        named.Add(text);
        return text;
    }
}
