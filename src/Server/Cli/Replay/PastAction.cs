using RemoteExec.Execution.Operators;
using RemoteExec.Execution.Services;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Workers;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Server.Cli.Replay;

/// <summary>An action that was run, perhaps, and what came of it.</summary>
/// <param name="Digest">Its digest.</param>
/// <param name="Result">Its result; null if nobody knows one.</param>
internal sealed record PastAction(Digest Digest, Reapi.ActionResult? Result = null)
{
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(30);

    /// <summary>The sandbox in which its result was made; null if that is not known.</summary>
    public string? Tier => Result?.ExecutionMetadata?.AuxiliaryMetadata.FirstOrDefault(part => part.Is(Usage.Descriptor))?.Unpack<Usage>().Sandbox is { Length: > 0 } tier ? tier : null;

    /// <summary>The action of an operation.</summary>
    /// <exception cref="StartupException">There is no such operation; or why else it can't be told.</exception>
    public static async Task<PastAction> OfOperationAsync(RpcChannel channel, string name, CancellationToken cancellationToken)
    {
        try
        {
            PastOperation operation = await PastOperation.GetAsync(channel, name, patience, cancellationToken);
            return operation.Action is { } digest ? new PastAction(digest, operation.Result) : throw new StartupException($"{name} does not tell its action: name that by its digest, HASH/SIZE");
        }
        catch (OperatorCallException exception)
        {
            throw new StartupException(Explain(exception, name, channel.Address), exception);
        }
    }

    private static string Explain(OperatorCallException exception, string name, RpcAddress address) => exception.Reason switch
    {
        OperatorCallFailure.NotFound => $"the server knows no operation '{name}' (any more): name its action by its digest, HASH/SIZE",
        OperatorCallFailure.NotAllowed =>
            $"the server does not tell you about '{name}': {exception.Message}; show it a token of somebody who may execute, with --token-file, or name the action by its digest, HASH/SIZE",
        OperatorCallFailure.NotOffered => $"the server at {address} executes nothing: name the action by its digest, HASH/SIZE, or another server with --server",
        _ => $"the server at {address} can't be asked: {exception.Message}; name the gRPC address of a server that runs with --server",
    };
}
