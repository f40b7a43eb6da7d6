using Microsoft.AspNetCore.Http;
using RemoteExec.ActionCache.Services;
using RemoteExec.Cas.Stores;
using RemoteExec.Server.Auth;
using RemoteExec.Server.Auth.Tokens;
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
        FuzzTargets.OfText(
            "authorization",
            text =>
            {
                var credentials = new Credentials(text, null);
                if (credentials.TryGetBasic(out string? user, out string? password))
                    Assert.True(credentials.BearerToken is null && !user.Contains(':', StringComparison.Ordinal) && password is not null);
                if (credentials.BearerToken is { } token && TokenSecret.Parse(token) is { } secret)
                    Assert.Equal((token, $"rxt_{secret.Id}"), (secret.Text, secret.ToString()));
            },
            "Bearer rxt_0123456789ab_" + new string('0', 64), "Basic YW5uOmI6Yw==", "basic Og==", "Bearer a.b.c"),
    ];
}
