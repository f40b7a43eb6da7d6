using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Probe;

/// <summary>What a server says of itself to a caller: what it offers him in an instance, or why it tells nothing.</summary>
public sealed record Introduction
{
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(20);

    /// <summary>What it offers; null if it did not say.</summary>
    public Reapi.ServerCapabilities? Capabilities { get; private init; }

    /// <summary>Why it did not; null if it did.</summary>
    public CallFailure? Failure { get; private init; }

    /// <summary>What it said instead, or what went wrong.</summary>
    public string Message { get; private init; } = "";

    /// <summary>True if it executes actions for this caller.</summary>
    public bool Executes => Capabilities?.ExecutionCapabilities is { ExecEnabled: true };

    /// <summary>True if it takes results from this caller.</summary>
    public bool TakesResults => Capabilities?.CacheCapabilities?.ActionCacheUpdateCapabilities is { UpdateEnabled: true };

    /// <summary>True if it keeps blobs and results.</summary>
    public bool Caches => Capabilities?.CacheCapabilities is not null;

    /// <summary>True if blobs can be sent and read compressed by zstd.</summary>
    public bool Compresses => Capabilities?.CacheCapabilities?.SupportedCompressors.Contains(Reapi.Compressor.Types.Value.Zstd) ?? false;

    /// <summary>Asks a server.</summary>
    /// <param name="channel">To the server.</param>
    /// <param name="instance">The instance.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<Introduction> AskAsync(RpcChannel channel, string instance, CancellationToken cancellationToken)
    {
        try
        {
            return new Introduction { Capabilities = await new ReapiClient(channel, instance) { Patience = patience }.GetCapabilitiesAsync(cancellationToken) };
        }
        catch (RpcException exception)
        {
            return new Introduction { Failure = FailureOf(exception.Code), Message = exception.Status.Message };
        }
    }

    /// <summary>What a status means to who asks.</summary>
    internal static CallFailure FailureOf(StatusCode code) => code switch
    {
        StatusCode.Unavailable or StatusCode.DeadlineExceeded => CallFailure.Unreachable,
        StatusCode.Unauthenticated => CallFailure.NotKnown,
        StatusCode.PermissionDenied => CallFailure.NotAllowed,
        StatusCode.Unimplemented => CallFailure.NotOffered,
        StatusCode.InvalidArgument or StatusCode.NotFound or StatusCode.FailedPrecondition => CallFailure.Refused,
        _ => CallFailure.Other,
    };
}
