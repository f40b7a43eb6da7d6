using System.IO.Pipelines;
using RemoteExec.Rpc.Framing;
using RemoteExec.Rpc.Server;

namespace RemoteExec.Benchmarks.ByteStream;

/// <summary>A call between two pipes, from a client without headers and without a deadline.</summary>
internal sealed class InMemoryCall(string method, PipeReader requests, PipeWriter responses) : RpcCall
{
    public override string Method => method;

    public override string Peer => "memory";

    public override DateTimeOffset? Deadline => null;

    public override CancellationToken CancellationToken => CancellationToken.None;

    public override MessageReader Requests { get; } = new(requests, new RpcServerOptions().MaxRequestMessageBytes);

    public override MessageWriter Responses { get; } = new(responses);

    public override string? GetRequestHeader(string key) => null;

    public override ValueTask SendHeadersAsync() => Responses.FlushAsync(CancellationToken);
}
