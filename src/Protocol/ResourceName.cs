using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Compressor = Build.Bazel.Remote.Execution.V2.Compressor.Types.Value;

namespace RemoteExec.Protocol;

/// <summary>
/// A ByteStream resource name (RES-01 to RES-04): which blob, in which encoding, and for uploads the client's own id. A value that was
/// parsed is well-formed; whether its compressor is offered is the service's to decide.
/// </summary>
/// <param name="Digest">The blob: always its uncompressed hash and size.</param>
/// <param name="Compressor">How the bytes of the stream are encoded.</param>
/// <param name="UploadId">
/// The client's id of the upload; null in the name of a read. It may recur for other blobs: never a key by itself (RES-08).
/// </param>
public readonly record struct ResourceName(Digest Digest, Compressor Compressor, string? UploadId)
{
    /// <summary>The request header in which a client may repeat the resource name for routing (RES-10).</summary>
    public const string Header = "build.bazel.remote.execution.v2.resource-name";

    private const string Uploads = "uploads";
    private const string Blobs = "blobs";
    private const string CompressedBlobs = "compressed-blobs";

    /// <summary>
    /// Parses <c>[instance/]blobs/[function/]hash/size</c> or <c>[instance/]compressed-blobs/compressor/[function/]hash/size</c>.
    /// On failure <paramref name="error"/> says in a sentence what is wrong (RES-11).
    /// </summary>
    public static bool TryParseRead(string text, out ResourceName name, [NotNullWhen(false)] out string? error)
    {
        name = default;
        if (!TryTakeInstance(text, out InstanceName instance, out Keyword keyword, out var rest, out string? problem)
            || !Expect(keyword != Keyword.Uploads, "this is the name of an upload: to read, drop 'uploads/' and the id behind it", out problem)
            || !TryParseBlob(instance, keyword, ref rest, out Compressor compressor, out Digest digest, out problem)
            || !Expect(rest.AtEnd, "something follows the size", out problem))
        {
            error = Explain(text, problem);
            return false;
        }

        name = new ResourceName(digest, compressor, null);
        error = null;
        return true;
    }

    /// <summary>
    /// Parses <c>[instance/]uploads/id/blobs/[function/]hash/size[/anything]</c> or
    /// <c>[instance/]uploads/id/compressed-blobs/compressor/[function/]hash/size[/anything]</c>; what follows the size is ignored (RES-09).
    /// On failure <paramref name="error"/> says in a sentence what is wrong (RES-11).
    /// </summary>
    public static bool TryParseWrite(string text, out ResourceName name, [NotNullWhen(false)] out string? error)
    {
        name = default;
        ReadOnlySpan<char> id = default;
        if (!TryTakeInstance(text, out InstanceName instance, out Keyword keyword, out var rest, out string? problem)
            || !Expect(
                keyword == Keyword.Uploads, "this is the name of a blob to read: an upload has 'uploads/', an id and '/' before it", out problem)
            || !Expect(rest.TryNext(out id) && !id.IsEmpty, "the upload id behind 'uploads/' is missing", out problem)
            || !Expect(
                rest.TryNext(out var word) && (keyword = KeywordOf(word)) is Keyword.Blobs or Keyword.CompressedBlobs,
                "'blobs' or 'compressed-blobs' has to follow the upload id", out problem)
            || !TryParseBlob(instance, keyword, ref rest, out Compressor compressor, out Digest digest, out problem))
        {
            error = Explain(text, problem);
            return false;
        }

        name = new ResourceName(digest, compressor, id.ToString());
        error = null;
        return true;
    }

    /// <summary>The name under which a blob is read.</summary>
    public static string FormatRead(in Digest digest, Compressor compressor = Compressor.Identity) =>
        Prefix(digest) + FormatBlob(digest, compressor);

    /// <summary>The name under which a blob is written; <paramref name="uploadId"/> should be a fresh UUID.</summary>
    public static string FormatWrite(in Digest digest, string uploadId, Compressor compressor = Compressor.Identity) =>
        $"{Prefix(digest)}{Uploads}/{uploadId}/{FormatBlob(digest, compressor)}";

    /// <summary>
    /// How the violations of a <c>google.rpc.PreconditionFailure</c> name a missing blob: <c>blobs/[function/]hash/size</c>, without
    /// instance (EXE-05).
    /// </summary>
    public static string FormatSubject(in Digest digest) => FormatBlob(digest, Compressor.Identity);

    /// <summary>The lower-case name of a compressor, as it stands in resource names (RES-07).</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is identity, which has no name there, or no compressor.</exception>
    public static string NameOf(Compressor compressor) => compressor switch
    {
        Compressor.Zstd => "zstd",
        Compressor.Deflate => "deflate",
        Compressor.Brotli => "brotli",
        _ => throw new ArgumentOutOfRangeException(nameof(compressor), compressor, "no compressor with a name"),
    };

    /// <summary>The name on the wire.</summary>
    public override string ToString() => UploadId is null ? FormatRead(Digest, Compressor) : FormatWrite(Digest, UploadId, Compressor);

    private static string Prefix(in Digest digest) => digest.Instance.IsEmpty ? "" : digest.Instance.Value + "/";

    private static string FormatBlob(in Digest digest, Compressor compressor) =>
        (compressor == Compressor.Identity ? $"{Blobs}/" : $"{CompressedBlobs}/{NameOf(compressor)}/")
        + (digest.Function.NeedsNameInResource() ? digest.Function.Name() + "/" : "")
        + digest.Hash + "/" + digest.SizeBytes.ToString(CultureInfo.InvariantCulture);

    // The first keyword ends the instance name, which can't contain one (RES-06, GEN-04).
    private static bool TryTakeInstance(
        string text, out InstanceName instance, out Keyword keyword, out Segments rest, [NotNullWhen(false)] out string? problem)
    {
        instance = default;
        keyword = Keyword.None;
        problem = null;
        rest = new Segments(text);
        int start = 0;
        while (rest.TryNext(out var segment))
        {
            keyword = KeywordOf(segment);
            if (keyword == Keyword.None)
            {
                start = rest.Position;
                continue;
            }

            if (start == 0)
                return true;
            return Expect(start > 1 || text[0] != '/', "it starts with a slash", out problem)
                && InstanceName.TryParse(text[..(start - 1)], out instance, out problem);
        }

        problem = "it has no segment 'blobs', 'compressed-blobs' or 'uploads'";
        return false;
    }

    private static Keyword KeywordOf(ReadOnlySpan<char> segment) => segment switch
    {
        Blobs => Keyword.Blobs,
        CompressedBlobs => Keyword.CompressedBlobs,
        Uploads => Keyword.Uploads,
        _ => Keyword.None,
    };

    private static bool TryParseBlob(
        InstanceName instance, Keyword keyword, ref Segments rest,
        out Compressor compressor, out Digest digest, [NotNullWhen(false)] out string? problem)
    {
        compressor = Compressor.Identity;
        digest = default;
        if (keyword == Keyword.CompressedBlobs)
        {
            bool found = rest.TryNext(out var word) && TryParseCompressor(word, out compressor);
            if (!Expect(found, "'zstd', 'deflate' or 'brotli' has to follow 'compressed-blobs/'", out problem))
                return false;
        }

        bool hasHash = rest.TryNext(out var hash);
        DigestFunction function = hasHash ? DigestFunctions.FromName(hash) : DigestFunction.Unknown;
        if (function != DigestFunction.Unknown)
            hasHash = rest.TryNext(out hash);
        if (!Expect(hasHash && !hash.IsEmpty, "the hash is missing", out problem)
            || !Expect(rest.TryNext(out var size), "the size is missing", out problem))
            return false;
        if (!long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out long sizeBytes))
        {
            problem = $"the size is no number from 0 to 2^63-1: '{size}'";
            return false;
        }

        return Digest.TryParse(instance, function, hash, sizeBytes, out digest, out problem);
    }

    private static bool TryParseCompressor(ReadOnlySpan<char> word, out Compressor compressor)
    {
        compressor = word switch
        {
            "zstd" => Compressor.Zstd,
            "deflate" => Compressor.Deflate,
            "brotli" => Compressor.Brotli,
            _ => Compressor.Identity,
        };
        return compressor != Compressor.Identity;
    }

    private static bool Expect(bool condition, string otherwise, [NotNullWhen(false)] out string? problem)
    {
        problem = condition ? null : otherwise;
        return condition;
    }

    private static string Explain(string text, string problem) =>
        $"bad resource name '{(text.Length <= 300 ? text : text[..300] + "…")}': {problem}";

    private enum Keyword
    {
        None,
        Blobs,
        CompressedBlobs,
        Uploads,
    }

    private ref struct Segments(ReadOnlySpan<char> text)
    {
        private readonly ReadOnlySpan<char> text = text;

        /// <summary>Where the next segment starts; one past the length at the end.</summary>
        public int Position { get; private set; }

        public readonly bool AtEnd => Position > text.Length;

        public bool TryNext(out ReadOnlySpan<char> segment)
        {
            segment = default;
            if (AtEnd)
                return false;
            int length = text[Position..].IndexOf('/');
            segment = length < 0 ? text[Position..] : text.Slice(Position, length);
            Position += segment.Length + 1;
            return true;
        }
    }
}
