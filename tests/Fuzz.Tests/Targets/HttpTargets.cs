using Microsoft.AspNetCore.Http;
using RemoteExec.ActionCache.Services;
using RemoteExec.Cas.Stores;
using RemoteExec.TestKit;

namespace RemoteExec.Fuzz.Tests.Targets;

/// <summary>The HTTP cache: paths, ranges, content codings.</summary>
internal static class HttpTargets
{
    private static readonly string hash = Convert.ToHexStringLower(TestBlob.Of([1]).Digest.HashSpan);

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        FuzzTargets.OfText("http-path", path => HttpCachePath.TryParse(path, out _, out _), $"/cas/{hash}", $"/ac/{hash}", $"/a/b/cas/{hash}", $"/layout/{hash[..2]}/{hash[2..]}", $"/{hash}"),
        FuzzTargets.OfText(
            "http-range",
            text =>
            {
                foreach (long length in (long[])[0, 1, 1000, long.MaxValue])
                {
                    var context = new DefaultHttpContext();
                    context.Request.Method = "GET";
                    context.Request.Headers.Range = text;
                    if (HttpRange.Of(context.Request, length) is not { IsEmpty: false } range)
                        continue;
                    Assert.InRange(range.First, 0, length - 1);
                    Assert.InRange(range.Last, range.First, length - 1);
                }
            },
            "bytes=0-9", "bytes=5-", "bytes=-7", "bytes=0-0,5-6"),
    ];
}
