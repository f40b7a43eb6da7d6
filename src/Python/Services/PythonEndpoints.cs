using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Access;
using RemoteExec.Python.Names;
using RemoteExec.Python.Pages;
using RemoteExec.Python.Serving;
using RemoteExec.Python.Upstream;

namespace RemoteExec.Python.Services;

/// <summary>
/// Indexes over HTTP, as pip and others read them: the simple repository API (PEP 503, 691), files and their metadata (PEP 658). Reading takes what reading names and blobs takes.
/// </summary>
/// <param name="indexes">The indexes.</param>
/// <param name="cas">Where their files are, whoever asks.</param>
/// <param name="guard">Knows who asks.</param>
public sealed class PythonEndpoints(PythonIndexes indexes, IBlobStore cas, AccessGuard guard)
{
    /// <summary>What a request takes, and where; null if its path is none of an index.</summary>
    public (Right OneOf, InstanceName Instance)? AccessOf(string path) => PythonPath.TryParse(path, out PythonPath? parsed) ? (Right.ReadCas, indexes.Find(parsed.Index).Instance) : null;

    /// <summary>Serves these paths in the pipeline; others go on to what is mapped behind.</summary>
    public void Map(IApplicationBuilder application) =>
        application.Use(async (context, next) =>
        {
            if (PythonPath.TryParse(context.Request.Path.Value ?? "", out PythonPath? path))
                await ServeAsync(context, path);
            else
                await next(context);
        });

    private async Task ServeAsync(HttpContext context, PythonPath path)
    {
        try
        {
            context.Response.Headers.XContentTypeOptions = "nosniff";
            ServedIndex index = indexes.Find(path.Index);
            guard.Check(Right.ReadAc, index.Instance);
            guard.Check(Right.ReadCas, index.Instance);
            if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
            {
                context.Response.Headers.Allow = "GET, HEAD";
                await RefuseAsync(context, StatusCodes.Status405MethodNotAllowed, $"an index is only read here: 'remoteexec pypi add {path.Index} FILE' puts something into it");
            }
            else if (path.File is not null)
            {
                await SendFileAsync(context, index, path);
            }
            else
            {
                await SendPageAsync(context, index, path);
            }
        }
        catch (Exception exception) when (!context.Response.HasStarted && StatusOf(exception) is { } status)
        {
            await RefuseAsync(context, status, exception.Message);
        }
        catch (CasException) when (context.Response.HasStarted)
        {
            // The connection has been cut, which is all that can be told; the store has told its operator.
        }
        catch (Exception exception) when (context.RequestAborted.IsCancellationRequested && exception is OperationCanceledException or IOException)
        {
            // The client has gone; there is nobody to tell.
        }
    }

    private static async Task SendPageAsync(HttpContext context, ServedIndex index, PythonPath path)
    {
        ProjectName project = default;
        if (path.Project is not null && !ProjectName.TryParse(path.Project, out project))
            await RefuseAsync(context, StatusCodes.Status404NotFound, "there is no project of that name, as it can't be one");
        else if (!path.EndsWell || (path.Project is not null && path.Project != project.Value))
            Redirect(context, path, project);
        else if (SimpleFormats.Choose(context.Request.Headers.Accept.ToString()) is not { } format)
            await RefuseAsync(context, StatusCodes.Status406NotAcceptable, "a page of an index is text/html, application/vnd.pypi.simple.v1+html or application/vnd.pypi.simple.v1+json");
        else if (await PageAsync(index, path, project, format, context.RequestAborted) is { } page)
            await new ServedPage(page, format.ContentType()).SendAsync(context);
        else
            await RefuseAsync(context, StatusCodes.Status404NotFound, path.Project is null ? $"there is no index '{index.Name}': 'remoteexec pypi add {index.Name} FILE' makes one" : $"index '{index.Name}' has no project '{project}'");
    }

    private static async Task<byte[]?> PageAsync(ServedIndex index, PythonPath path, ProjectName project, SimpleFormat format, CancellationToken cancellationToken)
    {
        if (path.Project is null)
            return await index.ProjectsAsync(cancellationToken) is { } projects ? SimplePages.Projects(projects, format) : null;
        string files = path.Channel is null ? "../../files/" : "../../../files/"; // so that it does not matter what a proxy has put before
        return await index.FilesAsync(project, path.Channel, files, cancellationToken) is { } listed ? SimplePages.Project(project, listed, format) : null;
    }

    private static void Redirect(HttpContext context, PythonPath path, ProjectName project)
    {
        // Relative, as the page's own links are.
        string last = context.Request.Path.Value!.TrimEnd('/').Split('/')[^1];
        string place = path.Project is null ? $"{last}/" : $"{project}/";
        context.Response.StatusCode = StatusCodes.Status301MovedPermanently;
        context.Response.Headers.Location = path.EndsWell ? $"../{place}" : place;
    }

    private async Task SendFileAsync(HttpContext context, ServedIndex index, PythonPath path)
    {
        if (!ProjectName.TryParse(path.Project!, out ProjectName project) || project.Value != path.Project || await index.FindAsync(project, path.File!, context.RequestAborted) is not { } digest)
            await RefuseAsync(context, StatusCodes.Status404NotFound, $"index '{index.Name}' has no such file");
        else if (!await ServedFile.TrySendAsync(context, cas, digest, isLasting: !path.File!.EndsWith(Index.IndexedProject.MetadataSuffix, StringComparison.Ordinal)))
            await RefuseAsync(context, StatusCodes.Status404NotFound, $"the cache has lost this file: add it to index '{index.Name}' again");
    }

    private static Task RefuseAsync(HttpContext context, int status, string message)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.WriteAsync(message + "\n", context.RequestAborted);
    }

    private static int? StatusOf(Exception exception) => exception switch
    {
        AccessDeniedException denied => denied.IsStranger ? StatusCodes.Status401Unauthorized : StatusCodes.Status403Forbidden,
        InstanceUnknownException => StatusCodes.Status404NotFound,
        StoreFullException => StatusCodes.Status507InsufficientStorage,
        StoreUnavailableException or UpstreamException { MayPass: true } => StatusCodes.Status503ServiceUnavailable,
        UpstreamException => StatusCodes.Status502BadGateway,
        PythonIndexException or CasException => StatusCodes.Status500InternalServerError,
        _ => null,
    };
}
