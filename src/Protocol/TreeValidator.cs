using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using RemoteExec.Protocol.Wire;

namespace RemoteExec.Protocol;

/// <summary>Checks <c>Tree</c> messages, the form in which output directories travel (OUT-06, OUT-07).</summary>
public static class TreeValidator
{
    private const uint RootTag = (1 << 3) | 2;
    private const uint ChildTag = (2 << 3) | 2;

    /// <summary>
    /// Checks that a tree is whole: it has a root, all its directories are canonical, and every directory that one of them names is there.
    /// Children that nothing names are tolerated. On failure <paramref name="error"/> says in a sentence what is wrong.
    /// </summary>
    /// <param name="tree">What to check.</param>
    /// <param name="self">The digest of the tree's blob, or any other of its instance and function.</param>
    /// <param name="allowAbsoluteTargets">False where the advertised strategy for symlinks is DISALLOWED (SYM-02).</param>
    /// <param name="error">Null if all is well.</param>
    public static bool TryValidate(Reapi.Tree tree, in Digest self, bool allowAbsoluteTargets, [NotNullWhen(false)] out string? error)
    {
        if (tree.Root is null)
        {
            error = "the tree has no root";
            return false;
        }

        var present = new HashSet<Digest>();
        foreach (Reapi.Directory directory in tree.Children)
            present.Add(self.SiblingOf(directory.ToByteArray()));
        foreach (Reapi.Directory directory in tree.Children.Prepend(tree.Root))
        {
            if (!DirectoryValidator.TryValidate(directory, self, allowAbsoluteTargets, out error))
                return false;
            foreach (Reapi.DirectoryNode child in directory.Directories)
            {
                if (self.TryParseSibling(child.Digest, out Digest digest, out _) && !present.Contains(digest))
                {
                    error = $"the tree lacks directory '{child.Name}', {digest}";
                    return false;
                }
            }
        }

        error = null;
        return true;
    }

    /// <summary>
    /// True if an encoded tree may be marked <c>is_topologically_sorted</c> (OUT-07): the root and then the children are its only records, each child
    /// occurs once and behind all that name it. False also for what is no tree.
    /// </summary>
    /// <param name="encoded">The blob.</param>
    /// <param name="self">The digest of the blob, or any other of its instance and function.</param>
    public static bool IsTopologicallySorted(ReadOnlyMemory<byte> encoded, in Digest self)
    {
        var named = new HashSet<Digest>();
        var seen = new HashSet<Digest>();
        try
        {
            using var input = new CodedInputStream(encoded.ToArray());
            long length = 0;
            for (uint expected = RootTag; !input.IsAtEnd; expected = ChildTag)
            {
                if (input.ReadTag() != expected)
                    return false;
                ByteString record = input.ReadBytes();
                length += 1 + CodedOutputStream.ComputeBytesSize(record);
                if (expected == ChildTag && (!named.Contains(self.SiblingOf(record.Span)) || !seen.Add(self.SiblingOf(record.Span))))
                    return false;
                foreach (Reapi.DirectoryNode child in Reapi.Directory.Parser.ParseFrom(record).Directories)
                {
                    if (!self.TryParseSibling(child.Digest, out Digest digest, out _) || seen.Contains(digest))
                        return false;
                    named.Add(digest);
                }
            }

            // The length also shows lengths that were not encoded in the shortest way.
            return length == encoded.Length && length > 0 && seen.Count == named.Count;
        }
        catch (Exception exception) when (MalformedMessage.IsReason(exception))
        {
            return false;
        }
    }
}
