using RemoteExec.Protocol.Access;

namespace RemoteExec.Server.Auth;

/// <summary>What each path of the API over HTTP takes: one row for each, by its template below <c>/api/v1/</c>. A path without one takes <c>admin</c>; a test sees to it that there is none.</summary>
internal static class HttpRights
{
    private static readonly HttpRight operates = new(Right.Operate, HttpScope.Everywhere);
    private static readonly HttpRight looksAtBuild = new(Right.ReadAc, HttpScope.Build);
    private static readonly HttpRight readsBlobs = new(Right.ReadCas, HttpScope.Query);

    /// <summary>The rows.</summary>
    public static IReadOnlyDictionary<string, HttpRight> Rows { get; } = new Dictionary<string, HttpRight>(StringComparer.Ordinal)
    {
        ["openapi.json"] = HttpRight.Public, // part of the program

        ["queue"] = operates,
        ["workers"] = operates,
        ["operations"] = operates,
        ["scaling"] = operates,
        ["operations:cancel"] = operates,
        ["workers:drain"] = operates,
        ["operations/{name}"] = new(Right.Execute | Right.Operate, HttpScope.Operation),
        ["operations/{name...}/stdout"] = new(Right.Execute | Right.Operate, HttpScope.Operation),
        ["operations/{name...}/stderr"] = new(Right.Execute | Right.Operate, HttpScope.Operation),

        ["builds"] = new(Right.ReadAc, HttpScope.Filter),
        ["stats"] = new(Right.ReadAc, HttpScope.Filter),
        ["builds/{id}"] = looksAtBuild,
        ["builds/{id}/actions"] = looksAtBuild,
        ["builds/{id}/targets"] = looksAtBuild,
        ["builds/{id}/tests"] = looksAtBuild,
        ["builds/{id}/causes"] = looksAtBuild,
        ["builds/{id}/critical-path"] = looksAtBuild,
        ["actions/{hash}/explanation"] = new(Right.ReadAc, HttpScope.Query),
        ["actions/{hash}/{size}/explanation"] = new(Right.ReadAc, HttpScope.Query),

        ["server"] = new(Right.ReadAc | Right.Operate, HttpScope.Somewhere), // its settings are for who may operate
        ["stores"] = operates,
        ["actions/{hash}/{size}"] = readsBlobs,
        ["actions/{hash}/{size}/replay"] = readsBlobs,
        ["directories/{hash}/{size}.tar.zst"] = readsBlobs,
        ["directories/{hash}/{size}"] = readsBlobs,
        ["trees/{hash}/{size}.tar.zst"] = readsBlobs,
        ["trees/{hash}/{size}"] = readsBlobs,
        ["blobs/{hash}/{size}"] = readsBlobs,
    };

    /// <summary>What a path of the API takes, by its template.</summary>
    public static HttpRight Of(string template) => Rows.GetValueOrDefault(template, HttpRight.Other);
}
