using System.Diagnostics.Metrics;

namespace RemoteExec.Rpc.Server;

/// <summary>What is counted of the calls of one method. Nothing is allocated for a call.</summary>
/// <param name="method">Which one.</param>
/// <param name="duration">Where durations are recorded.</param>
/// <param name="time">The clock.</param>
internal sealed class RpcMethodMetrics(string method, Histogram<double> duration, TimeProvider time)
{
    private readonly KeyValuePair<string, object?>[][] tagsByCode = [.. StatusCodeName.All.Select(code => TagsOf(method, code))];
    private long active;
    private long received;
    private long sent;
    private bool isUsed;

    /// <summary>What tells the method in instruments.</summary>
    public KeyValuePair<string, object?>[] Tags { get; } = [new("rpc.system.name", "grpc"), new("rpc.method", method)];

    /// <summary>True once it was called.</summary>
    public bool IsUsed => Volatile.Read(ref isUsed);

    /// <summary>How many calls are under way.</summary>
    public long Active => Interlocked.Read(ref active);

    /// <summary>The bytes of the messages of calls that have ended.</summary>
    public long Received => Interlocked.Read(ref received);

    /// <inheritdoc cref="Received"/>
    public long Sent => Interlocked.Read(ref sent);

    /// <summary>A call begins; returns what <see cref="End"/> is to be given.</summary>
    public long Begin()
    {
        if (!isUsed)
            Volatile.Write(ref isUsed, true);
        Interlocked.Increment(ref active);
        return time.GetTimestamp();
    }

    /// <summary>A call has ended.</summary>
    public void End(long began, StatusCode code, RpcCall call)
    {
        Interlocked.Decrement(ref active);
        Interlocked.Add(ref received, call.Requests.MessageBytes);
        Interlocked.Add(ref sent, call.Responses.MessageBytes);
        duration.Record(time.GetElapsedTime(began).TotalSeconds, tagsByCode[StatusCodeName.IndexOf(code)]);
    }

    private static KeyValuePair<string, object?>[] TagsOf(string method, string code) =>
        [new("rpc.system.name", "grpc"), new("rpc.method", method), new("rpc.response.status_code", code)];
}
