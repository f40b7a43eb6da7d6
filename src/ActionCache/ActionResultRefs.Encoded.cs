using RemoteExec.Protocol;
using RemoteExec.Protocol.Wire;

namespace RemoteExec.ActionCache;

// Reads the digests out of a result's encoding, as it comes from the store a hundred thousand times a second.
public sealed partial class ActionResultRefs
{
    private const uint LengthDelimited = 2; // the wire type of messages, strings and bytes
    private const uint FileTag = (2 << 3) | LengthDelimited;
    private const uint DirectoryTag = (3 << 3) | LengthDelimited;
    private const uint ExitCodeTag = (4 << 3) | 0;
    private const uint StdoutDigestTag = (6 << 3) | LengthDelimited;
    private const uint StderrDigestTag = (8 << 3) | LengthDelimited;
    private const uint FilePathTag = (1 << 3) | LengthDelimited;
    private const uint FileDigestTag = (2 << 3) | LengthDelimited;
    private const uint FileExecutableTag = (4 << 3) | 0;
    private const uint FilePropertiesTag = (7 << 3) | LengthDelimited;
    private const uint DirectoryPathTag = (1 << 3) | LengthDelimited;
    private const uint TreeDigestTag = (3 << 3) | LengthDelimited;
    private const uint TreeSortedTag = (4 << 3) | 0;

    /// <summary>
    /// Collects the digests of an encoded result that is good and usual: files and trees that have digests, no field of a version to come. Null for
    /// any other, be it wrong or not, of which <see cref="TryCollect"/> knows more.
    /// </summary>
    internal static ActionResultRefs? TryRead(ReadOnlySpan<byte> encoded, Digest action)
    {
        if (CountDigests(encoded) is not { } count)
            return null;
        var all = new Digest[count];
        List<Digest>? trees = null;
        bool hasOutput = false;
        int found = 0;
        var fields = new FieldReader(encoded);
        while (!fields.AtEnd)
        {
            if (!fields.TryReadVarint(out ulong tag))
                return null;
            if (tag == ExitCodeTag)
            {
                if (!fields.TryReadVarint(out _))
                    return null;
                continue;
            }

            if (!fields.TryReadBytes(out ReadOnlySpan<byte> value))
                return null;
            if ((tag == FileTag && !TryFindFileDigest(value, out value)) || (tag == DirectoryTag && !TryFindTreeDigest(value, out value)))
                return null;
            if (!HasDigest(tag))
                continue;
            if (!DigestMessage.TryRead(value, action.Instance, action.Function, out all[found]))
                return null;
            if (tag == DirectoryTag)
                (trees ??= []).Add(all[found]);
            hasOutput |= tag is StdoutDigestTag or StderrDigestTag;
            found++;
        }

        return new ActionResultRefs(all, (IReadOnlyList<Digest>?)trees ?? [], [], hasOutput);
    }

    private static int? CountDigests(ReadOnlySpan<byte> encoded)
    {
        int count = 0;
        var fields = new FieldReader(encoded);
        while (!fields.AtEnd)
        {
            if (!fields.TryReadVarint(out ulong tag))
                return null;
            if (!(tag == ExitCodeTag ? fields.TryReadVarint(out _) : IsUsual(tag) && fields.TryReadBytes(out _)))
                return null;
            count += HasDigest(tag) ? 1 : 0;
        }

        return count;
    }

    private static bool HasDigest(ulong tag) => tag is FileTag or DirectoryTag or StdoutDigestTag or StderrDigestTag;

    // Files, directories, and from stdout_raw to output_symlinks everything.
    private static bool IsUsual(ulong tag) => (tag & 7) == LengthDelimited && tag >> 3 is 2 or 3 or (>= 5 and <= 12);

    private static bool TryFindFileDigest(ReadOnlySpan<byte> file, out ReadOnlySpan<byte> digest)
    {
        digest = default;
        var fields = new FieldReader(file);
        while (!fields.AtEnd)
        {
            if (!fields.TryReadVarint(out ulong tag) || !(tag switch
            {
                FileDigestTag => digest.IsEmpty && fields.TryReadBytes(out digest),
                FilePathTag or FilePropertiesTag => fields.TryReadBytes(out _),
                FileExecutableTag => fields.TryReadVarint(out _),
                _ => false, // with its contents inlined it needs no digest
            }))
                return false;
        }

        return !digest.IsEmpty;
    }

    private static bool TryFindTreeDigest(ReadOnlySpan<byte> directory, out ReadOnlySpan<byte> digest)
    {
        digest = default;
        var fields = new FieldReader(directory);
        while (!fields.AtEnd)
        {
            if (!fields.TryReadVarint(out ulong tag) || !(tag switch
            {
                TreeDigestTag => digest.IsEmpty && fields.TryReadBytes(out digest),
                DirectoryPathTag => fields.TryReadBytes(out _),
                TreeSortedTag => fields.TryReadVarint(out _),
                _ => false, // a hierarchy of directories that are blobs of their own
            }))
                return false;
        }

        return !digest.IsEmpty;
    }
}
