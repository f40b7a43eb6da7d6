using System.Globalization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Access;
using RemoteExec.Server.Api.Trees;

namespace RemoteExec.Server.Api;

/// <summary>
/// The cache's content, and what the server is, as JSON: <c>GET /api/v1/server</c>, and <c>/api/v1/{actions,directories,trees,blobs}/hash/size</c>,
/// with <c>instance</c>, <c>digestFunction</c>, and <c>path</c> in a tree; directories and trees with <c>.tar.zst</c> behind the size as archives; <c>/api/v1/actions/hash/size/replay</c>, a script
/// that runs the action. Whoever may read the cache may read this.
/// </summary>
/// <param name="reader">Reads messages.</param>
/// <param name="cas">Where blobs are.</param>
/// <param name="server">What the server is.</param>
/// <param name="access">Knows who may see how it was told to be.</param>
/// <param name="logger">Told of downloads that are broken off.</param>
/// <param name="time">The clock.</param>
internal sealed class ContentEndpoints(ContentReader reader, IBlobStore cas, ServerView server, AccessGuard access, ILogger logger, TimeProvider time)
{
    private const string Text = "text/plain";
    private const string AbsentDirectory = "there is no such directory in the cache";
    private const string AbsentTree = "there is no such tree in the cache, or nothing at the path in it";

    /// <summary>The paths.</summary>
    public IEnumerable<ApiRoute> Routes =>
    [
        new("server", "What the server is, and how it was told to be.", (context, _) => DescribeAsync(context)) { Answer = ApiJson.Default.ServerView },
        new("actions/{hash}/{size}", "An action, its command and its cached result, as far as the cache has them.", (context, values) => ServeAsync(context, "actions", values[0], values[1])) { Answer = ApiJson.Default.ActionView, Parameters = scope },
        new("actions/{hash}/{size}/replay", "A script for bash that runs an action.", (context, values) => SendReplayAsync(context, values[0], values[1])) { ContentType = Text, Parameters = scope },
        new("directories/{hash}/{size}" + TreeArchive.Suffix, "A directory with all that is in it, as an archive.", (context, values) => SendArchiveAsync(context, "directories", values[0], values[1])) { ContentType = TreeArchive.ContentType, Parameters = [.. scope, name] },
        new("directories/{hash}/{size}", "What is in a directory.", (context, values) => ServeAsync(context, "directories", values[0], values[1])) { Answer = ApiJson.Default.DirectoryView, Parameters = scope },
        new("trees/{hash}/{size}" + TreeArchive.Suffix, "A Tree, or a part of it, as an archive.", (context, values) => SendArchiveAsync(context, "trees", values[0], values[1])) { ContentType = TreeArchive.ContentType, Parameters = [.. scope, name, path] },
        new("trees/{hash}/{size}", "What is in a directory of a Tree.", (context, values) => ServeAsync(context, "trees", values[0], values[1])) { Answer = ApiJson.Default.DirectoryView, Parameters = [.. scope, path] },
        new("blobs/{hash}/{size}", "A blob, as a file or as text.", (context, values) => ServeAsync(context, "blobs", values[0], values[1]))
        {
            ContentType = "application/octet-stream", Parameters = [.. scope, name, new("show", "So many bytes of it, as plain text.") { Type = "integer" }],
        },
    ];

    private static readonly ApiParameter[] scope = [ApiParameter.Instance, ApiParameter.DigestFunction];
    private static readonly ApiParameter name = new("name", "What the file is to be called."), path = new("path", "The way to a directory from the root of the Tree, with slashes.");

    private Task DescribeAsync(HttpContext context)
    {
        _ = new ApiQuery(context, time);
        return ApiAnswers.WriteAsync(context, access.AllowsEverywhere(Right.Operate) ? server : server with { Settings = [] }, ApiJson.Default.ServerView);
    }

    private async Task ServeAsync(HttpContext context, string kind, string hash, string size)
    {
        var query = new ApiQuery(context, time, kind switch
        {
            "trees" => ["instance", "digestFunction", "path"],
            "blobs" => ["instance", "digestFunction", "name", "show"],
            _ => ["instance", "digestFunction"],
        });
        Digest digest = Parse(query, hash, size);
        CancellationToken gone = context.RequestAborted;
        switch (kind)
        {
            case "actions":
                await AnswerAsync(context, await reader.ReadActionAsync(digest, gone), ApiJson.Default.ActionView, "neither the action nor a result of it is in the cache");
                break;
            case "directories":
                await AnswerAsync(context, await reader.ReadDirectoryAsync(digest, gone), ApiJson.Default.DirectoryView, AbsentDirectory);
                break;
            case "trees":
                await AnswerAsync(context, await reader.ReadTreeAsync(digest, query.Text("path") ?? "", gone), ApiJson.Default.DirectoryView, AbsentTree);
                break;
            default:
                await BlobDownload.SendAsync(context, query, cas, digest);
                break;
        }
    }

    private async Task SendArchiveAsync(HttpContext context, string kind, string hash, string size)
    {
        var query = new ApiQuery(context, time, kind == "trees" ? ["instance", "digestFunction", "name", "path"] : ["instance", "digestFunction", "name"]);
        Digest digest = Parse(query, hash, size);
        WholeTree tree = (kind == "trees"
            ? await WholeTree.OfTreeAsync(cas, digest, query.Text("path") ?? "", context.RequestAborted)
            : await WholeTree.OfDirectoryAsync(cas, digest, context.RequestAborted))
            ?? throw new ApiProblemException(StatusCodes.Status404NotFound, kind == "trees" ? AbsentTree : AbsentDirectory);
        await TreeArchive.SendAsync(context, cas, tree, query.Text("name") is { Length: > 0 } name ? name : digest.Hash.ToString(), logger);
    }

    private async Task SendReplayAsync(HttpContext context, string hash, string size)
    {
        var query = new ApiQuery(context, time, "instance", "digestFunction");
        Digest digest = Parse(query, hash, size);
        ActionView? view = await reader.ReadActionAsync(digest, context.RequestAborted);
        if (view is not { Action: { } action, Command: { } command })
            throw new ApiProblemException(StatusCodes.Status404NotFound, "the action or its command is not in the cache: clients that only use a cache may upload neither");
        HttpRequest request = context.Request;
        string inputs = $"{request.Scheme}://{request.Host}{ApiRoutes.Root}directories/{action.InputRootDigest}{TreeArchive.Suffix}{request.QueryString}";
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Headers.ContentSecurityPolicy = "default-src 'none'; sandbox";
        await context.Response.WriteAsync(ReplayScript.Make(digest, command, inputs), context.RequestAborted);
    }

    private static Task AnswerAsync<T>(HttpContext context, T? answer, JsonTypeInfo<T> type, string absent)
        where T : class =>
        answer is null ? throw new ApiProblemException(StatusCodes.Status404NotFound, absent) : ApiAnswers.WriteAsync(context, answer, type);

    private static Digest Parse(ApiQuery query, string hash, string size)
    {
        string function = query.Text("digestFunction") ?? "";
        DigestFunction known = function.Length == 0 ? DigestFunction.Unknown : DigestFunctions.FromName(function);
        if (function.Length > 0 && known == DigestFunction.Unknown)
            throw Bad($"digestFunction={function} is none that is known");
        if (!long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out long bytes))
            throw Bad($"'{size}' is no size: write hash/size");
        return InstanceName.TryParse(query.Text("instance") ?? "", out InstanceName instance, out string? error) && Digest.TryParse(instance, known, hash, bytes, out Digest digest, out error)
            ? digest
            : throw Bad(error);
    }

    private static ApiProblemException Bad(string message) => new(StatusCodes.Status400BadRequest, message);
}
