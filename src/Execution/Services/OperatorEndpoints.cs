using Google.Protobuf;
using Google.Protobuf.Reflection;
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
    private const string NamedTemplate = OperationPrefix + "{name}";
    private const int MaxBodyBytes = 1024 * 1024;
    private static readonly JsonFormatter formatter = new(JsonFormatter.Settings.Default.WithFormatDefaultValues(true));
    private static readonly JsonParser parser = new(JsonParser.Settings.Default);

    private readonly Dictionary<string, Resource> resources = ResourcesOf(scheduler, access);
    private readonly Resource named = OperationOf(scheduler);

    /// <summary>Serves these paths in the pipeline, and no others below <c>/api/v1</c>: an instance may have that name.</summary>
    public void Map(IApplicationBuilder application) =>
        application.Use(async (context, next) =>
        {
            string path = context.Request.Path.Value ?? "";
            if (path.StartsWith(Root, StringComparison.Ordinal) && Find(path[Root.Length..]) is { } resource)
                await ServeAsync(context, resource, path[Root.Length..]);
            else
                await next(context);
        });

    /// <summary>The paths below <c>/api/v1/</c>, for who describes them.</summary>
    public IReadOnlyList<OperatorPath> Paths => [.. resources.Select(resource => resource.Value.Describe(resource.Key)), named.Describe(NamedTemplate)];

    /// <summary>The path as <see cref="Paths"/> has it that serves a path below <c>/api/v1/</c>; null if it is none of these.</summary>
    public string? FindTemplate(string path) => Find(path) is not { } resource ? null : ReferenceEquals(resource, named) ? NamedTemplate : path;

    private Resource? Find(string path) =>
        resources.TryGetValue(path, out Resource? resource) ? resource
        : path.StartsWith(OperationPrefix, StringComparison.Ordinal) && Operations.OperationName.TryParse(path[OperationPrefix.Length..], out _) ? named
        : null;

    private static Dictionary<string, Resource> ResourcesOf(IOperator scheduler, OperatorAccess access) => new(StringComparer.Ordinal)
    {
        ["queue"] = Reading<ListQueuesRequest, ListQueuesResponse>(
            "What waits for which platform, and who could run it.",
            (query, _) => scheduler.ListQueuesAsync(new ListQueuesRequest { Platform = { query.Platform() }, Builds = query.Number("builds") }, query.CancellationToken), "platform", "builds"),
        ["workers"] = Reading<ListWorkersRequest, ListWorkersResponse>(
            "The workers that are connected.", (query, _) => scheduler.ListWorkersAsync(new ListWorkersRequest { Name = query.Text("name") }, query.CancellationToken), "name"),
        ["operations"] = Reading<ListOperationsRequest, ListOperationsResponse>(
            "Operations that wait or run, or that are done and still known.",
            (query, _) => scheduler.ListOperationsAsync(
                new ListOperationsRequest { Invocation = query.Text("invocation"), Worker = query.Text("worker"), Done = query.Flag("done"), Limit = query.Number("limit") }, query.CancellationToken),
            "invocation", "worker", "done", "limit"),
        ["scaling"] = Reading<GetScalingRequest, Scaling>(
            "How many workers there should be for what waits and runs, in plain numbers.",
            (query, _) => scheduler.GetScalingAsync(new GetScalingRequest { Platform = { query.Platform() }, SlotsPerWorker = query.Number("slotsPerWorker") }, query.CancellationToken), "platform", "slotsPerWorker"),
        ["operations:cancel"] = Changing<CancelOperationsRequest, CancelOperationsResponse>("Cancels operations, or all of a build.", access, scheduler.CancelOperationsAsync),
        ["workers:drain"] = Changing<DrainWorkersRequest, DrainWorkersResponse>("Takes workers out of service, or back.", access, scheduler.DrainWorkersAsync),
    };

    private static Resource OperationOf(IOperator scheduler) => Reading<GetOperationRequest, OperationInfo>(
        "An operation.",
        (query, path) => scheduler.GetOperationAsync(new GetOperationRequest { Name = path[OperationPrefix.Length..] }, query.CancellationToken));

    private static Resource Reading<TRequest, TResponse>(string summary, Func<OperatorQuery, string, Task<TResponse>> read, params string[] parameters)
        where TRequest : IMessage<TRequest>, new()
        where TResponse : IMessage<TResponse>, new() =>
        new(summary, HttpMethods.Get, async (context, path) => await read(OperatorQuery.Of(context, parameters), path), parameters, new TRequest().Descriptor, new TResponse().Descriptor);

    private static Resource Changing<TRequest, TResponse>(string summary, OperatorAccess access, Func<TRequest, CancellationToken, Task<TResponse>> change)
        where TRequest : IMessage<TRequest>, new()
        where TResponse : IMessage<TResponse>, new() =>
        new(
            summary,
            HttpMethods.Post,
            async (context, _) =>
            {
                access.CheckChange(context);
                return await change(await ReadAsync<TRequest>(context), context.RequestAborted);
            },
            [], new TRequest().Descriptor, new TResponse().Descriptor);

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

    private static async Task ServeAsync(HttpContext context, Resource resource, string path)
    {
        try
        {
            if (context.Request.Method != resource.Method)
            {
                context.Response.Headers.Allow = resource.Method;
                await AnswerAsync(context, StatusCodes.Status405MethodNotAllowed, new Google.Rpc.Status { Code = (int)StatusCode.Unimplemented, Message = $"this path takes {resource.Method}" });
                return;
            }

            await AnswerAsync(context, StatusCodes.Status200OK, await resource.Serve(context, path));
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

    private sealed record Resource(
        string Summary, string Method, Func<HttpContext, string, Task<IMessage>> Serve, IReadOnlyList<string> Parameters, MessageDescriptor Request, MessageDescriptor Answer)
    {
        public OperatorPath Describe(string path) => new(Summary, Method, path, Parameters, Request, Answer);
    }
}
