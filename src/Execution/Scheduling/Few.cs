using System.Collections;

namespace RemoteExec.Execution.Scheduling;

/// <summary>A list that mostly has one item or none, and then takes no memory of its own. To be kept in a field, and not copied.</summary>
internal struct Few<T> : IEnumerable<T>
    where T : class
{
    private object? content; // null, the only item, or a list

    /// <summary>How many there are.</summary>
    public readonly int Count => content switch { null => 0, List<T> list => list.Count, _ => 1 };

    /// <summary>The item at a place.</summary>
    public readonly T this[int index] => content switch
    {
        List<T> list => list[index],
        T only when index == 0 => only,
        _ => throw new ArgumentOutOfRangeException(nameof(index)),
    };

    /// <summary>Adds an item at the end.</summary>
    public void Add(T item)
    {
        switch (content)
        {
            case null:
                content = item;
                break;
            case List<T> list:
                list.Add(item);
                break;
            default:
                content = new List<T> { (T)content, item };
                break;
        }
    }

    /// <summary>Removes an item; false if it is not there.</summary>
    public bool Remove(T item)
    {
        if (content is List<T> list)
            return list.Remove(item);
        if (!ReferenceEquals(content, item))
            return false;
        content = null;
        return true;
    }

    /// <summary>True if the item is there.</summary>
    public readonly bool Contains(T item) => content is List<T> list ? list.Contains(item) : ReferenceEquals(content, item);

    /// <summary>Removes all, and returns them.</summary>
    public IReadOnlyList<T> TakeAll()
    {
        object? all = content;
        content = null;
        return all switch { null => [], List<T> list => list, _ => [(T)all] };
    }

    /// <inheritdoc/>
    public readonly IEnumerator<T> GetEnumerator()
    {
        for (int i = 0; i < Count; i++)
            yield return this[i];
    }

    /// <inheritdoc/>
    readonly IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
