using System.Runtime.InteropServices;
using RemoteExec.Protocol;

namespace RemoteExec.Cas;

/// <summary>Looks at a collection of digests without an enumerator: digests are large values, and an enumerator copies each twice.</summary>
internal static class DigestSpan
{
    /// <summary>The digests of an array, a segment of one or a list where they lie, of any other collection in a copy.</summary>
    public static ReadOnlySpan<Digest> Of(IReadOnlyCollection<Digest> digests) => digests switch
    {
        Digest[] array => array,
        ArraySegment<Digest> segment => segment,
        List<Digest> list => CollectionsMarshal.AsSpan(list),
        _ => digests.ToArray(),
    };
}
