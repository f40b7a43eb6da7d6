using Google.LongRunning;
using RemoteExec.Execution.Operators;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Execution.Services;

/// <summary>What any server of the API tells of an operation that it still knows.</summary>
/// <param name="Action">Its action; null if it does not tell.</param>
/// <param name="Result">What came of it, if it is done and has a result: that of a command which failed as well, which no cache has.</param>
public sealed record PastOperation(Digest? Action, Reapi.ActionResult? Result)
{
    private const string Collection = "operations/", Method = "/google.longrunning.Operations/GetOperation";

    /// <summary>True for what looks like the name of an operation; no digest does.</summary>
    public static bool IsName(string text) => text.Contains(Collection, StringComparison.Ordinal);

    /// <summary>Asks for one by its name.</summary>
    /// <param name="channel">The way to the server.</param>
    /// <param name="name">The name, with that of its instance.</param>
    /// <param name="patience">How long the call may take.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="OperatorCallException">The server does not know it, or does not tell.</exception>
    public static async Task<PastOperation> GetAsync(RpcChannel channel, string name, TimeSpan patience, CancellationToken cancellationToken)
    {
        try
        {
            Operation operation = await channel.UnaryAsync<GetOperationRequest, Operation>(Method, new GetOperationRequest { Name = name }, cancellationToken, new RpcCallOptions { Timeout = patience });
            return new PastOperation(ActionOf(operation, name), ResultOf(operation));
        }
        catch (RpcException exception)
        {
            throw new OperatorCallException(OperatorClient.ReasonOf(exception.Code), exception.Status.Message, exception);
        }
    }

    private static Digest? ActionOf(Operation operation, string name)
    {
        int end = name.LastIndexOf(Collection, StringComparison.Ordinal);
        return operation.Metadata is { } told && told.TryUnpack(out Reapi.ExecuteOperationMetadata metadata)
            && InstanceName.TryParse(end > 0 ? name[..(end - 1)] : "", out InstanceName instance, out _)
            && Digest.TryParse(instance, (DigestFunction)metadata.DigestFunction, metadata.ActionDigest, out Digest digest, out _)
            ? digest
            : null;
    }

    private static Reapi.ActionResult? ResultOf(Operation operation) =>
        operation.Response is { } told && told.TryUnpack(out Reapi.ExecuteResponse response) && response.Status is not { Code: not 0 } ? response.Result : null;
}
