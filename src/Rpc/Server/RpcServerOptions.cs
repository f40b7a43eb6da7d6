using RemoteExec.Rpc.Server.Limits;

namespace RemoteExec.Rpc.Server;

/// <summary>Limits of the gRPC server.</summary>
public sealed record RpcServerOptions
{
    /// <summary>
    /// The longest request message in bytes. Larger than the advertised batch limit plus overhead (CAS-09), and large enough for
    /// results with many outputs (UpdateActionResult).
    /// </summary>
    public int MaxRequestMessageBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>What counts the calls; null for nothing.</summary>
    public RpcServerMetrics? Metrics { get; init; }

    /// <summary>Whether a call begins a trace that belongs to none. False where calls are made all the time that nobody asks for: of them only those are traced whose client told a trace.</summary>
    public bool BeginsTraces { get; init; } = true;

    /// <summary>What each method takes memory for, by path, where connections are guarded.</summary>
    public Func<string, MemoryUse> UseOf { get; init; } = static _ => MemoryUse.Write;

    /// <summary>Run round every handler, the first outermost.</summary>
    public IReadOnlyList<RpcInterceptor> Interceptors { get; init; } = [];
}
