using System.Diagnostics.CodeAnalysis;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Instances;

/// <summary>What holds for which instances: what is said of one holds for those below it as well (<c>team</c> for <c>team/ci/nightly</c>), unless more is said of these.</summary>
/// <typeparam name="T">What is said.</typeparam>
/// <param name="entries">What is said of instances by name.</param>
public sealed class InstanceMap<T>(IReadOnlyDictionary<InstanceName, T> entries)
{
    private readonly Dictionary<string, T>.AlternateLookup<ReadOnlySpan<char>> byName =
        entries.ToDictionary(entry => entry.Key.Value, entry => entry.Value, StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Finds what holds for an instance; false if nothing is said of it, nor of any above it. The nameless instance is above none.</summary>
    public bool TryFind(InstanceName instance, [MaybeNullWhen(false)] out T found)
    {
        ReadOnlySpan<char> name = instance.Value;
        while (!byName.TryGetValue(name, out found))
        {
            int slash = name.LastIndexOf('/');
            if (slash < 0)
                return false;
            name = name[..slash];
        }

        return true;
    }
}
