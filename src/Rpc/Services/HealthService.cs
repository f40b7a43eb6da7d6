using Grpc.Health.V1;
using RemoteExec.Rpc.Server;
using static Grpc.Health.V1.HealthCheckResponse.Types;

namespace RemoteExec.Rpc.Services;

/// <summary>
/// The standard health service, <c>grpc.health.v1.Health</c> (HLT-01 to HLT-03). The empty service name stands for the whole server and
/// serves from the start; other names are known once they were set. Thread-safe.
/// </summary>
public sealed class HealthService
{
    // Guards everything below.
    private readonly Lock gate = new();
    private readonly Dictionary<string, ServingStatus> statuses = new(StringComparer.Ordinal) { [""] = ServingStatus.Serving };
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool stopped;

    /// <summary>The most services that List names; with more of them it fails (HLT-03).</summary>
    public const int MaxListed = 1000;

    /// <summary>Whether the whole server serves.</summary>
    public bool IsServing
    {
        get
        {
            lock (gate)
                return statuses[""] == ServingStatus.Serving;
        }
    }

    /// <summary>Says whether a service (its full proto name, or empty for the whole server) serves, and tells those who watch it.</summary>
    public void Set(string service, bool serving)
    {
        lock (gate)
        {
            statuses[service] = serving && !stopped ? ServingStatus.Serving : ServingStatus.NotServing;
            TellWatchers();
        }
    }

    /// <summary>
    /// Makes everything NOT_SERVING for good and ends the watches after they were told, so that load balancers turn away and a server that drains is
    /// not kept up by those who watch it.
    /// </summary>
    public void Stop()
    {
        lock (gate)
        {
            stopped = true;
            foreach (string service in statuses.Keys)
                statuses[service] = ServingStatus.NotServing;
            TellWatchers();
        }
    }

    /// <summary>The service for <see cref="RpcEndpoints"/>.</summary>
    public RpcService ToRpcService() => new RpcService(HealthReflection.Descriptor, "Health")
        .Unary<HealthCheckRequest, HealthCheckResponse>("Check", CheckAsync)
        .Unary<HealthListRequest, HealthListResponse>("List", ListAsync)
        .ServerStream<HealthCheckRequest, HealthCheckResponse>("Watch", WatchAsync);

    private Task<HealthCheckResponse> CheckAsync(HealthCheckRequest request, RpcCall call)
    {
        (ServingStatus status, _, _) = Look(request.Service);
        return status == ServingStatus.ServiceUnknown
            ? throw new RpcException(StatusCode.NotFound, $"this server knows no service '{request.Service}'")
            : Task.FromResult(new HealthCheckResponse { Status = status });
    }

    private Task<HealthListResponse> ListAsync(HealthListRequest request, RpcCall call)
    {
        var response = new HealthListResponse();
        lock (gate)
        {
            if (statuses.Count > MaxListed)
                throw new RpcException(StatusCode.ResourceExhausted, $"{statuses.Count} services are too many to list; {MaxListed} are the most");
            foreach ((string service, ServingStatus status) in statuses)
                response.Statuses.Add(service, new HealthCheckResponse { Status = status });
        }

        return Task.FromResult(response);
    }

    private async Task WatchAsync(HealthCheckRequest request, RpcResponseStream<HealthCheckResponse> responses, RpcCall call)
    {
        ServingStatus? told = null;
        while (true)
        {
            (ServingStatus status, Task change, bool last) = Look(request.Service);
            if (status != told)
                await responses.WriteAsync(new HealthCheckResponse { Status = status });
            told = status;
            if (last)
                throw new RpcException(StatusCode.Unavailable, "the server is shutting down");
            await change.WaitAsync(call.CancellationToken);
        }
    }

    private (ServingStatus Status, Task Change, bool Last) Look(string service)
    {
        lock (gate)
            return (statuses.GetValueOrDefault(service, ServingStatus.ServiceUnknown), changed.Task, stopped);
    }

    private void TellWatchers()
    {
        changed.SetResult();
        changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
