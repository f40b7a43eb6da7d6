using RemoteExec.Protocol.Operators;

namespace RemoteExec.Server.Cli.Operators;

/// <summary>Platforms as people read them.</summary>
internal static class PlatformText
{
    /// <summary>All properties in a line.</summary>
    public static string Of(IReadOnlyCollection<Property> properties) =>
        properties.Count == 0 ? "(no properties)" : string.Join(", ", properties.Select(property => $"{property.Name}={property.Value}"));
}
