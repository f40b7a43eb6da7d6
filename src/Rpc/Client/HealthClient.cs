using Grpc.Health.V1;

namespace RemoteExec.Rpc.Client;

/// <summary>Asks a server whether it is well, as the standard health service tells (HLT-01).</summary>
/// <param name="channel">To the server.</param>
/// <param name="patience">How long it may take.</param>
public sealed class HealthClient(RpcChannel channel, TimeSpan patience)
{
    private readonly RpcCallOptions options = new() { Timeout = patience };

    /// <summary>Null if the whole server serves; else what it says instead, or why it can't be asked.</summary>
    public async Task<string?> FindProblemAsync(CancellationToken cancellationToken)
    {
        try
        {
            HealthCheckResponse answer = await channel.UnaryAsync<HealthCheckRequest, HealthCheckResponse>("/grpc.health.v1.Health/Check", new HealthCheckRequest(), cancellationToken, options);
            return answer.Status == HealthCheckResponse.Types.ServingStatus.Serving ? null : $"it says {answer.Status}";
        }
        catch (RpcException exception)
        {
            return exception.Status.Message;
        }
    }
}
