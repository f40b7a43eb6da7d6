using RemoteExec.Protocol;
using RemoteExec.Protocol.Wire;

namespace RemoteExec.ActionCache;

// Reads the digests out of a result's encoding, as it comes from the store a hundred thousand times a second.
public sealed partial class ActionResultRefs
{
    private const uint LengthDelimited = 2; // the wire type of messages, strings and bytes
    private const uint FileTag = (2 << 3) | LengthDelimited;
    private const uint ExitCodeTag = (4 << 3) | 0;
    private const uint StdoutDigestTag = (6 << 3) | LengthDelimited;
    private const uint StderrDigestTag = (8 << 3) | LengthDelimited;
    private const uint FilePathTag = (1 << 3) | LengthDelimited;
    private const uint FileDigestTag = (2 << 3) | LengthDelimited;
    private const uint FileExecutableTag = (4 << 3) | 0;
    private const uint FilePropertiesTag = (7 << 3) | LengthDelimited;

    /// <summary>
    /// Collects the digests of an encoded result that is good and usual: files that have digests, no directories, no field of a version to come. Null for
    /// any other, be it wrong or not, of which <see cref="TryCollect"/> knows more.
    /// </summary>
    internal static ActionResultRefs? TryRead(ReadOnlySpan<byte> encoded, Digest action)
    {
        if (CountDigests(encoded) is not { } count)
            return null;
        var all = new Digest[count];
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
            if (tag == FileTag && !TryFindFileDigest(value, out value))
                return null;
            if (tag is FileTag or StdoutDigestTag or StderrDigestTag && !DigestMessage.TryRead(value, action.Instance, action.Function, out all[found++]))
                return null;
            hasOutput |= tag is StdoutDigestTag or StderrDigestTag;
        }

        return new ActionResultRefs(all, [], [], hasOutput);
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
            count += tag is FileTag or StdoutDigestTag or StderrDigestTag ? 1 : 0;
        }

        return count;
    }

    // Files, and from stdout_raw to output_symlinks everything.
    private static bool IsUsual(ulong tag) => (tag & 7) == LengthDelimited && tag >> 3 is 2 or (>= 5 and <= 12);

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
}
