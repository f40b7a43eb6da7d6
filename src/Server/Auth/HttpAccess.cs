using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using RemoteExec.ActionCache.Services;
using RemoteExec.Builds;
using RemoteExec.Execution.Operations;
using RemoteExec.Execution.Services;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Access;
using RemoteExec.Python.Services;
using RemoteExec.Server.Api;
using RemoteExec.Server.Auth.Audit;
using RemoteExec.Server.Telemetry;
using RemoteExec.Server.WebConsole;

namespace RemoteExec.Server.Auth;

/// <summary>
/// Finds out who asks over HTTP, and lets a request through if he may ask that; before all that is mapped. Behind it the caller is <see cref="Caller.Current"/>. Who shows nothing is asked for it in the
/// way of HTTP basic, for which browsers have a window.
/// </summary>
/// <param name="authenticators">Know callers.</param>
/// <param name="routes">The paths of the API.</param>
/// <param name="operators">Those of operators; null if there are none.</param>
/// <param name="records">Knows the instances of builds; null if nothing is written down of them.</param>
/// <param name="indexes">The paths of Python indexes.</param>
/// <param name="areMetricsPublic">True if metrics are for everybody.</param>
/// <param name="audit">Told of what is denied,; null for nobody.</param>
internal sealed class HttpAccess(Authenticators authenticators, ApiRoutes routes, OperatorEndpoints? operators, BuildRecords? records, PythonEndpoints indexes, bool areMetricsPublic, AuditLog? audit)
{
    private const string OperationPrefix = "operations/";
    private const string Challenge = "Basic realm=\"remoteexec\", charset=\"UTF-8\"";

    /// <summary>Stands before what is mapped behind.</summary>
    public void Map(IApplicationBuilder application) => application.Use(ServeAsync);

    private async Task ServeAsync(HttpContext context, RequestDelegate next)
    {
        (HttpRight right, IReadOnlyList<string> values, InstanceName? instance) = Find(context.Request);
        if (right.Scope == HttpScope.Public)
        {
            await next(context);
            return;
        }

        string? authorization = context.Request.Headers.Authorization;
        Authentication answer = await authenticators.AuthenticateAsync(new Credentials(authorization, context.Connection.ClientCertificate), context.RequestAborted);
        if (answer.Caller is not { } caller)
            await RefuseAsync(context, StatusCodes.Status401Unauthorized, null, answer.Refusal!);
        else if (await RefusalOfAsync(context, caller, right, values, instance) is not { } refusal)
        {
            Caller.Current = caller; // in the flow of this request alone
            await next(context);
        }
        else
        {
            await RefuseAsync(context, refusal.IsStranger ? StatusCodes.Status401Unauthorized : StatusCodes.Status403Forbidden, caller, refusal.Message);
        }
    }

    // In the order in which they are served; whether the server is well is told before.
    private (HttpRight Right, IReadOnlyList<string> Values, InstanceName? Instance) Find(HttpRequest request)
    {
        string path = request.Path.Value ?? "";
        if (path == MetricsEndpoint.Path)
            return (areMetricsPublic ? HttpRight.Public : new HttpRight(Right.Operate, HttpScope.Everywhere), [], null);
        if (path.StartsWith(ApiRoutes.Root, StringComparison.Ordinal))
        {
            string rest = path[ApiRoutes.Root.Length..];
            if (operators?.FindTemplate(rest) is { } template)
                return (HttpRights.Of(template), template == rest ? [] : [rest[OperationPrefix.Length..]], null);
            if (routes.Find(rest) is var (route, values))
                return (HttpRights.Of(route.Template), values, null);
        }

        if (ConsoleFiles.Has(request))
            return (HttpRight.Public, [], null);
        if (indexes.AccessOf(path) is var (indexRight, indexInstance))
            return (new HttpRight(indexRight, HttpScope.Query), [], indexInstance);
        return HttpCacheEndpoints.AccessOf(request.Method, path) is var (right, instance)
            ? (new HttpRight(right, HttpScope.Query), [], instance)
            : (HttpRight.Other, [], null);
    }

    private async ValueTask<AccessDeniedException?> RefusalOfAsync(HttpContext context, Caller caller, HttpRight right, IReadOnlyList<string> values, InstanceName? instance)
    {
        if (caller.HasOneOfEverywhere(right.OneOf))
            return null;
        switch (right.Scope)
        {
            case HttpScope.Somewhere:
                return caller.HasOneOfSomewhere(right.OneOf) ? null : AccessDeniedException.Anywhere(caller, right.OneOf);
            case HttpScope.Query:
                instance ??= InstanceIn(context.Request) ?? default(InstanceName);
                break;
            case HttpScope.Filter:
                instance = InstanceIn(context.Request);
                break;
            case HttpScope.Operation:
                instance = OperationInstance.Of(values[0]);
                break;
            case HttpScope.Build when records is not null:
                instance = InstanceName.TryParse(await records.FindInstanceAsync(values[0], context.RequestAborted) ?? "\0", out InstanceName found, out _) ? found : null;
                break;
        }

        return instance is not { } one ? AccessDeniedException.Everywhere(caller, right.OneOf)
            : caller.HasOneOf(right.OneOf, one) ? null : AccessDeniedException.In(one, caller, right.OneOf);
    }

    // The one that is served, where a parameter stands several times.
    private static InstanceName? InstanceIn(HttpRequest request) =>
        request.Query["instance"] is { Count: > 0 } values && InstanceName.TryParse(values[^1], out InstanceName instance, out _) ? instance : null;

    private Task RefuseAsync(HttpContext context, int status, Caller? caller, string message)
    {
        audit?.Denied($"{context.Request.Method} {context.Request.Path}", caller, $"{context.Connection.RemoteIpAddress}", message);
        context.Response.Headers.CacheControl = "no-store";
        if (status == StatusCodes.Status401Unauthorized)
            context.Response.Headers[HeaderNames.WWWAuthenticate] = Challenge;
        if (context.Request.Path.StartsWithSegments("/api/v1", StringComparison.Ordinal))
            return ApiAnswers.RefuseAsync(context, status, message);
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.WriteAsync(message + "\n", context.RequestAborted);
    }
}
