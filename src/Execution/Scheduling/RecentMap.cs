using System.Diagnostics.CodeAnalysis;

namespace RemoteExec.Execution.Scheduling;

/// <summary>
/// What was learned lately, by key: bounded, and what was neither set nor found for long is forgotten first. Two generations: when the younger one is full, it
/// becomes the older one, and what the older one had is gone unless it was used since.
/// </summary>
/// <param name="capacity">How much is kept for sure; twice as much at the most.</param>
internal sealed class RecentMap<TKey, TValue>(int capacity)
    where TKey : notnull
{
    private Dictionary<TKey, TValue> young = [];
    private Dictionary<TKey, TValue> old = [];

    /// <summary>How much is kept.</summary>
    public int Count => young.Count + old.Count;

    /// <summary>Finds what is known of a key; that it was asked for keeps it.</summary>
    public bool TryGet(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        if (young.TryGetValue(key, out value))
            return true;
        if (!old.Remove(key, out value))
            return false;
        Set(key, value);
        return true;
    }

    /// <summary>Keeps a value, in the place of the one there was.</summary>
    public void Set(TKey key, TValue value)
    {
        old.Remove(key);
        if (young.Count >= capacity && !young.ContainsKey(key))
            (old, young) = (young, []);
        young[key] = value;
    }

    /// <summary>Forgets a key.</summary>
    public void Remove(TKey key)
    {
        young.Remove(key);
        old.Remove(key);
    }
}
