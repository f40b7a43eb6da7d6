using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using RemoteExec.Builds.Records;
using RemoteExec.Cas;
using RemoteExec.Execution.Operators;
using RemoteExec.Protocol.Access;

namespace RemoteExec.Server.Api;

/// <summary>How the API answers: as JSON, which no browser keeps or takes for something else, and says what is wrong as <c>application/problem+json</c>.</summary>
internal static class ApiAnswers
{
    /// <summary>Serves a request that only looks.</summary>
    public static async Task ServeAsync(HttpContext context, Func<HttpContext, Task> serve)
    {
        try
        {
            if (!HttpMethods.IsGet(context.Request.Method))
            {
                context.Response.Headers.Allow = HttpMethods.Get;
                throw new ApiProblemException(StatusCodes.Status405MethodNotAllowed, "this path takes GET");
            }

            context.Response.Headers.CacheControl = "no-store";
            context.Response.Headers.XContentTypeOptions = "nosniff";
            await serve(context);
        }
        catch (Exception exception) when (!context.Response.HasStarted && StatusOf(exception) is { } status)
        {
            await RefuseAsync(context, status, exception.Message);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has gone; there is nobody to tell.
        }
    }

    /// <summary>Writes an answer.</summary>
    public static Task WriteAsync<T>(HttpContext context, T answer, JsonTypeInfo<T> type) =>
        context.Response.WriteAsJsonAsync(answer, type, "application/json", context.RequestAborted);

    /// <summary>Says what is wrong.</summary>
    public static Task RefuseAsync(HttpContext context, int status, string message)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(
            new ApiProblem(ReasonPhrases.GetReasonPhrase(status), status, message), ApiJson.Default.ApiProblem, "application/problem+json", context.RequestAborted);
    }

    private static int? StatusOf(Exception exception) => exception switch
    {
        ApiProblemException problem => problem.Status,
        CursorException => StatusCodes.Status400BadRequest,
        InstanceUnknownException => StatusCodes.Status404NotFound,
        AccessDeniedException denied => denied.IsStranger ? StatusCodes.Status401Unauthorized : StatusCodes.Status403Forbidden,
        StoreUnavailableException or OperatorCallException { Reason: OperatorCallFailure.Unreachable } => StatusCodes.Status503ServiceUnavailable,
        OperatorCallException { Reason: OperatorCallFailure.NotFound } => StatusCodes.Status404NotFound,
        _ => null,
    };
}
