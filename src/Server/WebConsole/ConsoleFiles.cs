using System.Collections.Concurrent;
using System.IO.Compression;
using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace RemoteExec.Server.WebConsole;

/// <summary>
/// The web console at <c>/console/</c>, where <c>/</c> leads: files that are part of the program. They may be kept for as long as anybody likes, as their names change with their content, except for the
/// page that names them.
/// </summary>
internal static class ConsoleFiles
{
    /// <summary>Where who adds the name of a build is led to its page: clients print such an address, and what stands behind a <c>#</c> is a comment in their configuration.</summary>
    public const string BuildPath = "/console/builds/";

    private const string Prefix = "console/";
    private const string Page = "index.html";
    private static readonly Assembly assembly = typeof(ConsoleFiles).Assembly;
    private static readonly Dictionary<string, string> types = new(StringComparer.Ordinal)
    {
        [".html"] = "text/html; charset=utf-8",
        [".js"] = "text/javascript; charset=utf-8",
        [".css"] = "text/css; charset=utf-8",
        [".svg"] = "image/svg+xml",
    };

    private static readonly ConcurrentDictionary<string, (byte[] Plain, byte[] Compressed)> contents = new(StringComparer.Ordinal);
    private static readonly HashSet<string> names = [.. assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))];

    /// <summary>Serves these paths in the pipeline, and no others.</summary>
    public static void Map(IApplicationBuilder application) =>
        application.Use(async (context, next) =>
        {
            string path = context.Request.Path.Value ?? "";
            if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
                await next(context);
            else if (path is "/" or "/console")
                context.Response.Redirect("/console/");
            else if (path.Length > BuildPath.Length && path.StartsWith(BuildPath, StringComparison.Ordinal))
                context.Response.Redirect($"/console/#/builds/{Uri.EscapeDataString(path[BuildPath.Length..])}");
            else if (path.StartsWith("/console/", StringComparison.Ordinal) && names.Contains(NameOf(path)))
                await SendAsync(context, NameOf(path));
            else
                await next(context);
        });

    /// <summary>True if a request is for these files, or leads to them: they are part of the program, and tell nothing of the server.</summary>
    public static bool Has(HttpRequest request) => request.Path.Value is { } path && (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
        && (path is "/" or "/console" || (path.Length > BuildPath.Length && path.StartsWith(BuildPath, StringComparison.Ordinal)) || (path.StartsWith("/console/", StringComparison.Ordinal) && names.Contains(NameOf(path))));

    private static string NameOf(string path) => path[^1] == '/' ? path[1..] + Page : path[1..];

    private static async Task SendAsync(HttpContext context, string name)
    {
        (byte[] plain, byte[] compressed) = contents.GetOrAdd(name, Read);
        HttpResponse response = context.Response;
        bool isCompressed = context.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.OrdinalIgnoreCase);
        byte[] content = isCompressed ? compressed : plain;
        if (isCompressed)
            response.Headers.ContentEncoding = "gzip";
        response.Headers.Vary = "accept-encoding";
        response.ContentType = types.GetValueOrDefault(Path.GetExtension(name), "application/octet-stream");
        response.ContentLength = content.Length;
        response.Headers.CacheControl = name.EndsWith(Page, StringComparison.Ordinal) ? "no-cache" : "public, max-age=31536000, immutable";
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.XFrameOptions = "DENY";
        response.Headers["referrer-policy"] = "no-referrer";
        response.Headers.ContentSecurityPolicy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
        if (HttpMethods.IsGet(context.Request.Method))
            await response.Body.WriteAsync(content, context.RequestAborted);
    }

    private static (byte[] Plain, byte[] Compressed) Read(string name)
    {
        using Stream resource = assembly.GetManifestResourceStream(name)!;
        var plain = new byte[resource.Length];
        resource.ReadExactly(plain);
        using var compressed = new MemoryStream();
        using (var encoder = new GZipStream(compressed, CompressionLevel.SmallestSize))
            encoder.Write(plain);
        return (plain, compressed.ToArray());
    }
}
