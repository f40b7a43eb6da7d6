using Google.Protobuf.Collections;

namespace RemoteExec.Protocol;

/// <summary>Brings <c>Directory</c> messages of our own into the one order that has the one digest (DIR-03, DIR-04, DIG-11).</summary>
public static class CanonicalDirectory
{
    /// <summary>Sorts all nodes and node properties in place, and returns the same message.</summary>
    public static Reapi.Directory Sort(Reapi.Directory directory)
    {
        Sort(directory.Files, static file => file.Name);
        Sort(directory.Directories, static child => child.Name);
        Sort(directory.Symlinks, static link => link.Name);
        SortProperties(directory.NodeProperties);
        foreach (Reapi.FileNode file in directory.Files)
            SortProperties(file.NodeProperties);
        foreach (Reapi.SymlinkNode link in directory.Symlinks)
            SortProperties(link.NodeProperties);
        return directory;
    }

    private static void SortProperties(Reapi.NodeProperties? properties)
    {
        if (properties is not null)
            Sort(properties.Properties, static property => property.Name);
    }

    private static void Sort<T>(RepeatedField<T> nodes, Func<T, string> nameOf)
    {
        if (nodes.Count < 2)
            return;
        T[] sorted = [.. nodes.OrderBy(nameOf, Utf8Order.Instance)];
        for (int i = 0; i < sorted.Length; i++)
            nodes[i] = sorted[i];
    }
}
