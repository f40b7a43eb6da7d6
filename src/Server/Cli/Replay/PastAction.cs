using Google.LongRunning;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Workers;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Server.Cli.Replay;

/// <summary>An action that was run, perhaps, and what came of it.</summary>
/// <param name="Digest">Its digest.</param>
internal sealed record PastAction(Digest Digest)
{
    /// <summary>What the names of all operations have in them.</summary>
    public const string Collection = "operations/";

    private const string GetOperation = "/google.longrunning.Operations/GetOperation";

    /// <summary>Its result; null if nobody knows one.</summary>
    public Reapi.ActionResult? Result { get; init; }

    /// <summary>The sandbox in which it was made; null if that is not known.</summary>
    public string? Tier => Result?.ExecutionMetadata?.AuxiliaryMetadata.FirstOrDefault(part => part.Is(Usage.Descriptor))?.Unpack<Usage>().Sandbox is { Length: > 0 } tier ? tier : null;

    /// <summary>The action of an operation, with its result if it is done: that of a command which failed as well, which no cache has.</summary>
    /// <exception cref="StartupException">There is no such operation; or why else it can't be told.</exception>
    public static async Task<PastAction> OfOperationAsync(RpcChannel channel, string name, CancellationToken cancellationToken)
    {
        int end = name.LastIndexOf(Collection, StringComparison.Ordinal);
        if (!InstanceName.TryParse(end > 0 ? name[..(end - 1)] : "", out InstanceName instance, out string? error))
            throw new StartupException($"'{name}' is no name of an operation: {error}");
        Operation operation;
        try
        {
            operation = await channel.UnaryAsync<GetOperationRequest, Operation>(GetOperation, new GetOperationRequest { Name = name }, cancellationToken);
        }
        catch (RpcException exception)
        {
            throw new StartupException(Explain(exception, name, channel.Address), exception);
        }

        if (operation.Metadata is null || !operation.Metadata.TryUnpack(out Reapi.ExecuteOperationMetadata metadata)
            || !Digest.TryParse(instance, (DigestFunction)metadata.DigestFunction, metadata.ActionDigest, out Digest digest, out error))
            throw new StartupException($"{name} does not tell its action: name that by its digest, HASH/SIZE");
        return new PastAction(digest) { Result = operation.Response is { } answer && answer.TryUnpack(out Reapi.ExecuteResponse response) && response.Status is not { Code: not 0 } ? response.Result : null };
    }

    private static string Explain(RpcException exception, string name, RpcAddress address) => exception.Code switch
    {
        StatusCode.NotFound => $"the server knows no operation '{name}' (any more): name its action by its digest, HASH/SIZE",
        StatusCode.PermissionDenied or StatusCode.Unauthenticated =>
            $"the server does not tell you about '{name}': {exception.Status.Message}; show it a token of somebody who may execute, with --token-file, or name the action by its digest, HASH/SIZE",
        StatusCode.Unimplemented => $"the server at {address} executes nothing: name the action by its digest, HASH/SIZE, or another server with --server",
        _ => $"the server at {address} can't be asked: {exception.Message}; name the gRPC address of a server that runs with --server",
    };
}
