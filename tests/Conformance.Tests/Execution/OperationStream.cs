using Google.LongRunning;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using Stage = Build.Bazel.Remote.Execution.V2.ExecutionStage.Types.Value;

namespace RemoteExec.Conformance.Tests.Execution;

/// <summary>The operations that a call of Execute or WaitExecution streams. Disposing hangs up.</summary>
internal sealed class OperationStream(RpcClientCall call) : IAsyncDisposable
{
    /// <summary>The next operation; null after a good end.</summary>
    public ValueTask<Operation?> NextAsync() => call.ReadAsync<Operation>();

    /// <summary>Reads on to the first operation in this stage, and returns it.</summary>
    public async Task<Operation> UntilAsync(Stage stage)
    {
        while (await NextAsync() is { } operation)
        {
            if (StageOf(operation) == stage)
                return operation;
        }

        throw new InvalidOperationException($"the stream ended without an operation in stage {stage}");
    }

    /// <summary>Reads on to the first operation whose metadata is as wanted.</summary>
    public async Task UntilAsync(Func<Reapi.ExecuteOperationMetadata, bool> isWanted)
    {
        while (await NextAsync() is { } operation)
        {
            if (isWanted(MetadataOf(operation)))
                return;
        }

        throw new InvalidOperationException("the stream ended without such an operation");
    }

    /// <summary>Reads on to the end, and returns the response of the last operation.</summary>
    public async Task<Reapi.ExecuteResponse> ResponseAsync() => ResponseOf(await LastAsync());

    /// <summary>Reads on to the end, and returns the last operation.</summary>
    public async Task<Operation> LastAsync()
    {
        Operation? last = null;
        while (await NextAsync() is { } operation)
            last = operation;
        return last ?? throw new InvalidOperationException("the stream had no operation");
    }

    /// <summary>Reads on to the end, and returns all.</summary>
    public async Task<List<Operation>> AllAsync()
    {
        var all = new List<Operation>();
        while (await NextAsync() is { } operation)
            all.Add(operation);
        return all;
    }

    public static Reapi.ExecuteOperationMetadata MetadataOf(Operation operation) => operation.Metadata.Unpack<Reapi.ExecuteOperationMetadata>();

    public static Stage StageOf(Operation operation) => MetadataOf(operation).Stage;

    public static Reapi.ExecuteResponse ResponseOf(Operation operation) => operation.Response.Unpack<Reapi.ExecuteResponse>();

    public static StatusCode CodeOf(Reapi.ExecuteResponse response) => (StatusCode)(response.Status?.Code ?? 0);

    public ValueTask DisposeAsync() => call.DisposeAsync();
}
