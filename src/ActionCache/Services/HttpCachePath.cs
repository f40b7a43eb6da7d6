using System.Diagnostics.CodeAnalysis;
using System.Text;
using RemoteExec.Protocol;

namespace RemoteExec.ActionCache.Services;

/// <summary>What the path of a request to the HTTP cache names.</summary>
internal enum HttpCacheKind
{
    /// <summary>A blob, <c>/[instance/]cas/hash</c>.</summary>
    Blob,

    /// <summary>The result of an action, <c>/[instance/]ac/hash</c>; ccache keeps values of its own there too.</summary>
    ActionResult,

    /// <summary>A value that means nothing to us, under any other path that ends in a key.</summary>
    Opaque,
}

/// <summary>A path of the HTTP cache, parsed.</summary>
/// <param name="Kind">What it names.</param>
/// <param name="Digest">The blob or the action, without a size; nothing for an opaque value.</param>
/// <param name="OpaqueKey">Where an opaque value lies in the tree of results; nothing for a blob.</param>
internal readonly record struct HttpCachePath(HttpCacheKind Kind, Digest Digest, Digest OpaqueKey)
{
    // Long enough to be made by a hash function: mistyped paths and the names of other pages are shorter, or have a dot.
    private const int MinKeyLength = 16;
    private const int MaxPathLength = 1024;

    /// <summary>The instance.</summary>
    public InstanceName Instance => Kind == HttpCacheKind.Opaque ? OpaqueKey.Instance : Digest.Instance;

    /// <summary>
    /// Parses a path. False with an error: it is meant for the cache, and the sentence says what is wrong; false without one: it is not.
    /// </summary>
    public static bool TryParse(string path, out HttpCachePath parsed, out string? error)
    {
        parsed = default;
        error = null;
        string[] segments = path.Split('/');
        if (path.Length > MaxPathLength || segments.Length < 2 || segments[0].Length > 0)
            return false;

        string last = segments[^1];
        if (segments.Length >= 3 && segments[^2] is "cas" or "ac")
        {
            string prefix = string.Join('/', segments[1..^2]);
            if (!InstanceName.TryParse(prefix, out InstanceName instance, out error)
                || !Digest.TryParse(instance, DigestFunction.Unknown, last, 0, out Digest digest, out error))
                return false;
            parsed = segments[^2] == "cas"
                ? new HttpCachePath(HttpCacheKind.Blob, digest.WithoutSize(), default)
                : new HttpCachePath(HttpCacheKind.ActionResult, digest.WithoutSize(), KeyOf(instance, $"/ac/{last}"));
            return true;
        }

        // ccache's layouts: a key in one segment, or its first two characters in one and the rest in another.
        int keyLength = last.Length + (segments[^2].Length == 2 ? 2 : 0);
        if (keyLength < MinKeyLength || !last.All(char.IsAsciiLetterOrDigit))
            return false;
        if (!InstanceName.TryParse(string.Join('/', segments[1..^1]), out _, out error))
            return false;
        parsed = new HttpCachePath(HttpCacheKind.Opaque, default, KeyOf(default, path));
        return true;
    }

    // No action has this digest: it would have to be found.
    private static Digest KeyOf(InstanceName instance, string path) =>
        IncrementalHasher.Compute(instance, DigestFunction.Sha256, Encoding.UTF8.GetBytes("opaque\0" + path)).WithoutSize();
}
