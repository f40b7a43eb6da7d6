using System.Diagnostics.CodeAnalysis;

namespace RemoteExec.Protocol;

/// <summary>
/// Checks that a <c>Directory</c> is canonical: names that are path segments, unique, sorted by UTF-8 bytes (DIR-01 to DIR-04), digests that
/// are well-formed, symlink targets that are allowed (SYM-01, SYM-02). What is not canonical is refused (DIR-05), as two encodings of one
/// tree would be two actions.
/// </summary>
public static class DirectoryValidator
{
    // What the protobuf parser puts in the place of bytes that are no UTF-8; a file made under such a name would be another one.
    private const char Replacement = '\ufffd';

    /// <summary>Checks one directory; on failure <paramref name="error"/> says in a sentence what is wrong with it.</summary>
    /// <param name="directory">What to check.</param>
    /// <param name="self">The directory's own digest, or any other of its instance and function.</param>
    /// <param name="allowAbsoluteTargets">False where the advertised strategy is DISALLOWED (SYM-02).</param>
    /// <param name="error">Null if all is well.</param>
    public static bool TryValidate(
        Reapi.Directory directory, in Digest self, bool allowAbsoluteTargets, [NotNullWhen(false)] out string? error)
    {
        error = CheckNames(directory)
            ?? CheckDigests(directory, self)
            ?? CheckTargets(directory, allowAbsoluteTargets)
            ?? CheckNodeProperties(directory);
        return error is null;
    }

    /// <summary>
    /// True if a name is exactly one segment of a path that can exist: not empty, not <c>.</c> or <c>..</c>, no slash, no NUL (DIR-01).
    /// </summary>
    public static bool IsSegment(string name) => name is not ("" or "." or "..") && name.AsSpan().IndexOfAny('/', '\0') < 0;

    private static string? CheckNames(Reapi.Directory directory)
    {
        string? error = CheckOrder("files", directory.Files, static file => file.Name)
            ?? CheckOrder("directories", directory.Directories, static child => child.Name)
            ?? CheckOrder("symlinks", directory.Symlinks, static link => link.Name);
        if (error is not null)
            return error;

        // Each list is sorted, so a name common to two of them shows in a set of all three.
        var names = new HashSet<string>(directory.Files.Count + directory.Directories.Count + directory.Symlinks.Count, StringComparer.Ordinal);
        foreach (string name in directory.Files.Select(file => file.Name)
            .Concat(directory.Directories.Select(child => child.Name)).Concat(directory.Symlinks.Select(link => link.Name)))
        {
            if (!names.Add(name))
                return $"'{name}' occurs twice, as a node of different kinds";
        }

        return null;
    }

    private static string? CheckOrder<T>(string kind, IReadOnlyList<T> nodes, Func<T, string> nameOf)
    {
        for (int i = 0; i < nodes.Count; i++)
        {
            string name = nameOf(nodes[i]);
            if (!IsSegment(name))
                return $"'{name}' among the {kind} is no name of a file: it has to be one path segment";
            if (name.Contains(Replacement))
                return $"'{name}' among the {kind} is no UTF-8";
            int order = i == 0 ? 1 : Utf8Order.Instance.Compare(name, nameOf(nodes[i - 1]));
            if (order == 0)
                return $"'{name}' occurs twice among the {kind}";
            if (order < 0)
                return $"the {kind} are not sorted by the bytes of their names: '{name}' stands behind '{nameOf(nodes[i - 1])}'";
        }

        return null;
    }

    private static string? CheckDigests(Reapi.Directory directory, in Digest self)
    {
        foreach (Reapi.FileNode file in directory.Files)
        {
            if (!self.TryParseSibling(file.Digest, out _, out string? problem))
                return $"file '{file.Name}': {problem}";
        }

        foreach (Reapi.DirectoryNode child in directory.Directories)
        {
            if (!self.TryParseSibling(child.Digest, out _, out string? problem))
                return $"directory '{child.Name}': {problem}";
        }

        return null;
    }

    private static string? CheckTargets(Reapi.Directory directory, bool allowAbsoluteTargets)
    {
        foreach (Reapi.SymlinkNode link in directory.Symlinks)
        {
            if (link.Target.Length == 0)
                return $"symlink '{link.Name}' has no target";
            if (link.Target.Contains('\0'))
                return $"the target of symlink '{link.Name}' contains a NUL character";
            if (link.Target.Contains(Replacement))
                return $"the target of symlink '{link.Name}' is no UTF-8: '{link.Target}'";
            if (!allowAbsoluteTargets && link.Target[0] == '/')
                return $"symlink '{link.Name}' has the absolute target '{link.Target}': this server allows relative ones only";
        }

        return null;
    }

    private static string? CheckNodeProperties(Reapi.Directory directory)
    {
        foreach (Reapi.NodeProperties? properties in directory.Files.Select(file => file.NodeProperties)
            .Concat(directory.Symlinks.Select(link => link.NodeProperties)).Append(directory.NodeProperties))
        {
            if (properties is null)
                continue;
            if (properties.Mtime is { } modified && WireTime.Read(modified) is null)
                return $"an mtime of {modified.Seconds} s and {modified.Nanos} ns is no time";
            for (int i = 1; i < properties.Properties.Count; i++)
            {
                string before = properties.Properties[i - 1].Name, name = properties.Properties[i].Name;
                if (Utf8Order.Instance.Compare(before, name) > 0)
                    return $"node properties are not sorted by name: '{name}' stands behind '{before}'";
            }
        }

        return null;
    }
}
