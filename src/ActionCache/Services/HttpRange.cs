using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace RemoteExec.ActionCache.Services;

/// <summary>The part of a value that a request asks for.</summary>
/// <param name="First">The first byte.</param>
/// <param name="Last">The last byte, inclusive.</param>
internal readonly record struct HttpRange(long First, long Last)
{
    /// <summary>How many bytes it has.</summary>
    public long Count => Last - First + 1;

    /// <summary>True if it lies outside of the value.</summary>
    public bool IsEmpty => Count <= 0;

    /// <summary>
    /// The one range of a GET of a value of this length. Null where the whole is to be sent: no range, several, or none that is understood.
    /// </summary>
    public static HttpRange? Of(HttpRequest request, long length)
    {
        if (!HttpMethods.IsGet(request.Method) || !RangeHeaderValue.TryParse(request.Headers.Range.ToString(), out RangeHeaderValue? header)
            || header.Unit != "bytes" || header.Ranges.Count != 1)
            return null;

        RangeItemHeaderValue range = header.Ranges.Single();
        return range.From is { } first
            ? new HttpRange(first, Math.Min(range.To ?? long.MaxValue, length - 1))
            : new HttpRange(Math.Max(0, length - range.To!.Value), length - 1);
    }
}
