using Build.Bazel.Remote.Execution.V2;
using Google.LongRunning;
using RemoteExec.Execution.Operators;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using Digest = Build.Bazel.Remote.Execution.V2.Digest;
using InstanceName = RemoteExec.Protocol.InstanceName;

namespace RemoteExec.Execution.Services;

/// <summary>One log of an operation, its standard output or error: as it is written, or out of the result once the operation is done. Used once.</summary>
public sealed class OperationLog
{
    private static readonly TimeSpan pause = TimeSpan.FromMilliseconds(500);
    private readonly ILogSource source;
    private readonly string operation;
    private readonly bool isError;
    private string attempt = ""; // whose log is copied
    private string ended = ""; // a log stream that has nothing more to give
    private long copied;

    /// <summary>A log of an operation of another process.</summary>
    /// <param name="channel">The way to the server.</param>
    /// <param name="operation">The operation's name.</param>
    /// <param name="isError">Which of the two.</param>
    public OperationLog(RpcChannel channel, string operation, bool isError)
        : this(new RemoteLogSource(channel), operation, isError)
    {
    }

    /// <summary>A log of an operation, wherever that is.</summary>
    internal OperationLog(ILogSource source, string operation, bool isError) => (this.source, this.operation, this.isError) = (source, operation, isError);

    /// <summary>Copies it to a stream until the operation is done, and returns how that ended.</summary>
    /// <exception cref="OperatorCallException">A call failed.</exception>
    public async Task<ExecuteResponse> CopyToAsync(Stream output, CancellationToken cancellationToken)
    {
        try
        {
            return await FollowAsync(output, cancellationToken);
        }
        catch (RpcException exception)
        {
            throw new OperatorCallException(OperatorClient.ReasonOf(exception.Code), exception.Status.Message, exception);
        }
    }

    private async Task<ExecuteResponse> FollowAsync(Stream output, CancellationToken cancellationToken)
    {
        while (true)
        {
            Operation state = await source.GetOperationAsync(operation, cancellationToken);
            ExecuteOperationMetadata metadata = state.Metadata.Unpack<ExecuteOperationMetadata>();
            if (state.Done)
            {
                var response = state.Response.Unpack<ExecuteResponse>();
                await CopyRestAsync(metadata, response.Result, output, cancellationToken);
                return response;
            }

            string stream = isError ? metadata.StderrStreamName : metadata.StdoutStreamName;
            if (stream.Length > 0 && stream != ended)
            {
                Begin(metadata.PartialExecutionMetadata);
                await FollowAsync(stream, output, cancellationToken);
            }

            await Task.Delay(pause, TimeProvider.System, cancellationToken);
        }
    }

    // Another attempt has a log of its own; the same one may go on in another stream, which has all of it again.
    private void Begin(ExecutedActionMetadata? run)
    {
        string next = $"{run?.Worker} {run?.WorkerStartTimestamp}";
        if (next != attempt)
            copied = 0;
        attempt = next;
    }

    private async Task FollowAsync(string stream, Stream output, CancellationToken cancellationToken)
    {
        try
        {
            await CopyAsync(stream, output, cancellationToken);
            ended = stream;
        }
        catch (RpcException exception) when (exception.Code is StatusCode.NotFound or StatusCode.Aborted or StatusCode.Unavailable or StatusCode.OutOfRange)
        {
            // The operation tells how it goes on: by another stream, or with its result.
        }
    }

    private async Task CopyRestAsync(ExecuteOperationMetadata metadata, ActionResult? result, Stream output, CancellationToken cancellationToken)
    {
        Digest? whole = isError ? result?.StderrDigest : result?.StdoutDigest;
        if (result is null || whole is null)
            return;
        Begin(result.ExecutionMetadata);
        string instance = operation[..Math.Max(operation.LastIndexOf("operations/", StringComparison.Ordinal), 0)].TrimEnd('/');
        if (!Protocol.Digest.TryParse(InstanceName.Parse(instance), (Protocol.DigestFunction)metadata.DigestFunction, whole, out Protocol.Digest digest, out string? error))
            throw new RpcException(StatusCode.Internal, $"the server told no good digest: {error}");
        if (copied < digest.SizeBytes)
            await CopyAsync(ResourceName.FormatRead(digest), output, cancellationToken);
    }

    private async Task CopyAsync(string resource, Stream output, CancellationToken cancellationToken)
    {
        await foreach (ReadOnlyMemory<byte> piece in source.ReadAsync(resource, copied, cancellationToken))
        {
            await output.WriteAsync(piece, cancellationToken);
            await output.FlushAsync(cancellationToken);
            copied += piece.Length;
        }
    }
}
