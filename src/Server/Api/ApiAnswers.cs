using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using RemoteExec.Builds.Records;
using RemoteExec.Cas;
using RemoteExec.Execution.Operators;

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
            context.Response.StatusCode = status;
            await context.Response.WriteAsJsonAsync(
                new ApiProblem(ReasonPhrases.GetReasonPhrase(status), status, exception.Message), ApiJson.Default.ApiProblem, "application/problem+json", context.RequestAborted);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has gone; there is nobody to tell.
        }
    }

    /// <summary>Writes an answer.</summary>
    public static Task WriteAsync<T>(HttpContext context, T answer, JsonTypeInfo<T> type) =>
        context.Response.WriteAsJsonAsync(answer, type, "application/json", context.RequestAborted);

    private static int? StatusOf(Exception exception) => exception switch
    {
        ApiProblemException problem => problem.Status,
        CursorException => StatusCodes.Status400BadRequest,
        InstanceUnknownException => StatusCodes.Status404NotFound,
        StoreUnavailableException or OperatorCallException { Reason: OperatorCallFailure.Unreachable } => StatusCodes.Status503ServiceUnavailable,
        OperatorCallException { Reason: OperatorCallFailure.NotFound } => StatusCodes.Status404NotFound,
        _ => null,
    };
}
