using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using RemoteExec.Execution.Operators;
using RemoteExec.Protocol.Operators;
using RemoteExec.Rpc;

namespace RemoteExec.Execution.Services;

/// <summary>
/// The Operator service over HTTP/1.1, with its messages as JSON (<c>protos/remoteexec/operator.proto</c> has the paths): for dashboards, autoscalers and curl. Failures are a
/// <c>google.rpc.Status</c>.
/// </summary>
/// <param name="scheduler">Who answers.</param>
/// <param name="access">Who may change something.</param>
public sealed class OperatorEndpoints(IOperator scheduler, OperatorAccess access)
{
    private const string Root = "/api/v1/";
    private const string OperationPrefix = "operations/";
    private const int MaxBodyBytes = 1024 * 1024;
    private static readonly JsonFormatter formatter = new(JsonFormatter.Settings.Default.WithFormatDefaultValues(true));
    private static readonly JsonParser parser = new(JsonParser.Settings.Default);

    /// <summary>Serves these paths in the pipeline, and no others below <c>/api/v1</c>: an instance may have that name.</summary>
    public void Map(IApplicationBuilder application) =>
        application.Use(async (context, next) =>
        {
            string path = context.Request.Path.Value ?? "";
            if (path.StartsWith(Root, StringComparison.Ordinal) && Find(path[Root.Length..]) is { } resource)
                await ServeAsync(context, resource);
            else
                await next(context);
        });

    private Resource? Find(string path) => path switch
    {
        "queue" => Reading(query => scheduler.ListQueuesAsync(
            new ListQueuesRequest { Platform = { query.Platform() }, Builds = query.Number("builds") }, query.CancellationToken), "platform", "builds"),
        "workers" => Reading(query => scheduler.ListWorkersAsync(
            new ListWorkersRequest { Name = query.Text("name") }, query.CancellationToken), "name"),
        "operations" => Reading(query => scheduler.ListOperationsAsync(
            new ListOperationsRequest
            {
                Invocation = query.Text("invocation"),
                Worker = query.Text("worker"),
                Done = query.Flag("done"),
                Limit = query.Number("limit"),
            },
            query.CancellationToken), "invocation", "worker", "done", "limit"),
        "scaling" => Reading(query => scheduler.GetScalingAsync(
            new GetScalingRequest { Platform = { query.Platform() }, SlotsPerWorker = query.Number("slotsPerWorker") }, query.CancellationToken), "platform", "slotsPerWorker"),
        "operations:cancel" => Changing<CancelOperationsRequest, CancelOperationsResponse>(scheduler.CancelOperationsAsync),
        "workers:drain" => Changing<DrainWorkersRequest, DrainWorkersResponse>(scheduler.DrainWorkersAsync),
        _ when path.StartsWith(OperationPrefix, StringComparison.Ordinal) && Operations.OperationName.TryParse(path[OperationPrefix.Length..], out _) =>
            Reading(query => scheduler.GetOperationAsync(new GetOperationRequest { Name = path[OperationPrefix.Length..] }, query.CancellationToken)),
        _ => null,
    };

    private static Resource Reading<TResponse>(Func<OperatorQuery, Task<TResponse>> read, params string[] parameters)
        where TResponse : IMessage =>
        new(HttpMethods.Get, async context => await read(OperatorQuery.Of(context, parameters)));

    private Resource Changing<TRequest, TResponse>(Func<TRequest, CancellationToken, Task<TResponse>> change)
        where TRequest : IMessage<TRequest>, new()
        where TResponse : IMessage =>
        new(HttpMethods.Post, async context =>
        {
            access.CheckChange(context);
            return await change(await ReadAsync<TRequest>(context), context.RequestAborted);
        });

    private static async Task<TRequest> ReadAsync<TRequest>(HttpContext context)
        where TRequest : IMessage<TRequest>, new()
    {
        if (context.Request.ContentLength is not (>= 0 and <= MaxBodyBytes))
            throw new RpcException(StatusCode.InvalidArgument, $"send a body with its content-length, of at most {MaxBodyBytes} bytes");
        using var reader = new StreamReader(context.Request.Body);
        try
        {
            return parser.Parse<TRequest>(await reader.ReadToEndAsync(context.RequestAborted));
        }
        catch (Exception exception) when (exception is InvalidJsonException or InvalidProtocolBufferException)
        {
            throw new RpcException(StatusCode.InvalidArgument, $"the body is no {new TRequest().Descriptor.Name} as JSON: {exception.Message}");
        }
    }

    private static async Task ServeAsync(HttpContext context, Resource resource)
    {
        try
        {
            if (context.Request.Method != resource.Method)
            {
                context.Response.Headers.Allow = resource.Method;
                await AnswerAsync(context, StatusCodes.Status405MethodNotAllowed, new Google.Rpc.Status { Code = (int)StatusCode.Unimplemented, Message = $"this path takes {resource.Method}" });
                return;
            }

            await AnswerAsync(context, StatusCodes.Status200OK, await resource.Serve(context));
        }
        catch (Exception exception) when (!context.Response.HasStarted && StatusOf(exception) is { } status)
        {
            await AnswerAsync(context, CodeOf(status.Code), new Google.Rpc.Status { Code = (int)status.Code, Message = status.Message });
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has gone; there is nobody to tell.
        }
    }

    private static RpcStatus? StatusOf(Exception exception) => exception is RpcException rpc ? rpc.Status : ExecutionErrors.ToStatus(exception);

    private static int CodeOf(StatusCode code) => code switch
    {
        StatusCode.InvalidArgument => StatusCodes.Status400BadRequest,
        StatusCode.Unauthenticated => StatusCodes.Status401Unauthorized,
        StatusCode.PermissionDenied => StatusCodes.Status403Forbidden,
        StatusCode.NotFound => StatusCodes.Status404NotFound,
        StatusCode.Unavailable => StatusCodes.Status503ServiceUnavailable,
        StatusCode.DeadlineExceeded => StatusCodes.Status504GatewayTimeout,
        _ => StatusCodes.Status500InternalServerError,
    };

    private static async Task AnswerAsync(HttpContext context, int code, IMessage message)
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = "application/json";
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        await context.Response.WriteAsync(formatter.Format(message) + "\n", context.RequestAborted);
    }

    private sealed record Resource(string Method, Func<HttpContext, Task<IMessage>> Serve);
}
