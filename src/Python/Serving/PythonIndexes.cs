using System.Collections.Concurrent;
using RemoteExec.Python.Names;

namespace RemoteExec.Python.Serving;

/// <summary>All indexes of a server: those that its settings name, and whatever others somebody has put something into. Thread-safe.</summary>
/// <param name="configured">Those of the settings.</param>
/// <param name="open">Makes one of the others.</param>
public sealed class PythonIndexes(IReadOnlyDictionary<IndexName, ServedIndex> configured, Func<IndexName, ServedIndex> open) : IAsyncDisposable
{
    private const int MostRemembered = 1000; // anybody can make up names
    private readonly ConcurrentDictionary<IndexName, ServedIndex> others = new();

    /// <summary>Those that the settings name.</summary>
    public IEnumerable<ServedIndex> Configured => configured.Values;

    /// <summary>Those that files were fetched from since the last time they were looked after.</summary>
    public IEnumerable<ServedIndex> Used => configured.Values.Concat(others.Values).Where(index => !index.Uses.AreNone);

    /// <summary>The index of a name, which may have nothing in it.</summary>
    public ServedIndex Find(IndexName name)
    {
        if (configured.TryGetValue(name, out ServedIndex? index) || others.TryGetValue(name, out index))
            return index;
        return others.Count >= MostRemembered ? open(name) : others.GetOrAdd(name, open);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (ServedIndex index in configured.Values)
            await index.DisposeAsync();
    }
}
