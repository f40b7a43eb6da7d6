using RemoteExec.Execution.Scheduling;
using RemoteExec.Protocol.Operators;

namespace RemoteExec.Execution.Operators;

/// <summary>Selects platforms by their properties: of each name the value that is given; an empty one selects those without the property.</summary>
internal sealed class PlatformFilter
{
    private const string Wildcard = "*";
    private readonly IReadOnlyList<Property> wanted;

    private PlatformFilter(IReadOnlyList<Property> wanted) => this.wanted = wanted;

    /// <summary>Selects everything.</summary>
    public static PlatformFilter All { get; } = new([]);

    /// <summary>The filter of a request; none of its properties selects everything.</summary>
    /// <exception cref="OperatorRequestException">A property has no name.</exception>
    public static PlatformFilter Of(IReadOnlyList<Property> wanted) => wanted.Any(property => property.Name.Length == 0)
        ? throw new OperatorRequestException("a platform property has no name: write name=value, or name= for platforms without it")
        : new PlatformFilter(wanted);

    /// <summary>Whether a platform is selected, be it one that actions ask for or one that workers offer.</summary>
    public bool Selects(PlatformKey platform)
    {
        foreach (Property property in wanted)
        {
            bool isThere = property.Value.Length == 0
                ? !platform.Properties.Any(other => other.Name == property.Name)
                : platform.Properties.Any(other => other.Name == property.Name && (other.Value == property.Value || other.Value == Wildcard));
            if (!isThere)
                return false;
        }

        return true;
    }
}
