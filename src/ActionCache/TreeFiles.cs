using RemoteExec.Protocol;
using RemoteExec.Protocol.Wire;

namespace RemoteExec.ActionCache;

/// <summary>Finds the files of output directories.</summary>
internal static class TreeFiles
{
    private const uint LengthDelimited = 2; // the wire type of messages, strings and bytes
    private const uint RootTag = (1 << 3) | LengthDelimited;
    private const uint ChildTag = (2 << 3) | LengthDelimited;
    private const uint FileTag = (1 << 3) | LengthDelimited;
    private const uint FileNameTag = (1 << 3) | LengthDelimited;
    private const uint FileDigestTag = (2 << 3) | LengthDelimited;
    private const uint FileExecutableTag = (4 << 3) | 0;
    private const uint FilePropertiesTag = (6 << 3) | LengthDelimited;

    /// <summary>The digests of all files of an encoded <c>Tree</c>, some perhaps twice; null if it is none, or a digest is malformed.</summary>
    /// <param name="tree">The message.</param>
    /// <param name="digest">Its digest: the files' have the same instance and function (DIG-10).</param>
    public static IReadOnlyCollection<Digest>? Of(byte[] tree, Digest digest)
    {
        var files = new List<Digest>();
        if (TryRead(tree, digest, files))
            return files;
        files.Clear();
        return TryParse(tree) is { Root: not null } parsed && parsed.Children.Prepend(parsed.Root).All(directory => TryAdd(files, directory, digest)) ? files : null;
    }

    /// <summary>Adds the digests of the files in a directory; false if one is malformed.</summary>
    public static bool TryAdd(ICollection<Digest> files, Reapi.Directory directory, Digest sibling)
    {
        foreach (Reapi.FileNode file in directory.Files)
        {
            if (!sibling.TryParseSibling(file.Digest, out Digest digest, out _))
                return false;
            files.Add(digest);
        }

        return true;
    }

    private static Reapi.Tree? TryParse(byte[] tree)
    {
        try
        {
            return Reapi.Tree.Parser.ParseFrom(tree);
        }
        catch (Exception exception) when (MalformedMessage.IsReason(exception))
        {
            return null;
        }
    }

    /// <summary>Reads a tree that is good and has nothing unusual; false for any other.</summary>
    private static bool TryRead(ReadOnlySpan<byte> tree, Digest sibling, List<Digest> files)
    {
        bool hasRoot = false;
        var fields = new FieldReader(tree);
        while (!fields.AtEnd)
        {
            if (!fields.TryReadVarint(out ulong tag) || tag is not (RootTag or ChildTag) || (tag == RootTag && hasRoot)
                || !fields.TryReadBytes(out ReadOnlySpan<byte> directory) || !TryReadDirectory(directory, sibling, files))
                return false;
            hasRoot |= tag == RootTag;
        }

        return hasRoot;
    }

    private static bool TryReadDirectory(ReadOnlySpan<byte> directory, Digest sibling, List<Digest> files)
    {
        var fields = new FieldReader(directory);
        while (!fields.AtEnd)
        {
            // Directories, symlinks and properties are read over.
            if (!fields.TryReadVarint(out ulong tag) || (tag & 7) != LengthDelimited || tag >> 3 is not (1 or 2 or 3 or 5) || !fields.TryReadBytes(out ReadOnlySpan<byte> value)
                || (tag == FileTag && !TryReadFile(value, sibling, files)))
                return false;
        }

        return true;
    }

    private static bool TryReadFile(ReadOnlySpan<byte> file, Digest sibling, List<Digest> files)
    {
        ReadOnlySpan<byte> message = default;
        var fields = new FieldReader(file);
        while (!fields.AtEnd)
        {
            if (!fields.TryReadVarint(out ulong tag) || !(tag switch
            {
                FileDigestTag => message.IsEmpty && fields.TryReadBytes(out message),
                FileNameTag or FilePropertiesTag => fields.TryReadBytes(out _),
                FileExecutableTag => fields.TryReadVarint(out _),
                _ => false,
            }))
                return false;
        }

        if (!DigestMessage.TryRead(message, sibling.Instance, sibling.Function, out Digest digest))
            return false;
        files.Add(digest);
        return true;
    }
}
