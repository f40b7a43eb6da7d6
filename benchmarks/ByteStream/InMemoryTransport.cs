using System.Buffers;
using System.IO.Pipelines;
using RemoteExec.Rpc.Server;
using RemoteExec.Rpc.Server.Memory;

namespace RemoteExec.Benchmarks.ByteStream;

/// <summary>
/// Plays the server's transport for one call at a time: the requests lie in its memory when the handler starts, and the responses are there to be looked at
/// when it has ended. Its memory is the server's, and is used again by the next call.
/// </summary>
internal sealed class InMemoryTransport : IDisposable
{
    private readonly BlockPool pool = new(TimeProvider.System);
    private readonly Pipe requests;
    private readonly Pipe responses;

    public InMemoryTransport()
    {
        var options = new PipeOptions(pool, pauseWriterThreshold: 0, useSynchronizationContext: false);
        requests = new Pipe(options);
        responses = new Pipe(options);
    }

    /// <summary>Makes a call.</summary>
    /// <param name="service">Serves it.</param>
    /// <param name="method">The path of the method.</param>
    /// <param name="request">All messages of the request, framed.</param>
    /// <param name="look">Gets all messages of the response, framed and borrowed.</param>
    public async Task<T> CallAsync<T>(RpcService service, string method, byte[] request, Func<ReadOnlySequence<byte>, T> look)
    {
        requests.Writer.Write(request);
        await requests.Writer.CompleteAsync();
        var call = new InMemoryCall(method, requests.Reader, responses.Writer);

        await service.Methods[method].Handler(call);
        if (call.Failure is { } failure)
            throw new InvalidOperationException(failure.Message);

        call.Requests.Release();
        await requests.Reader.CompleteAsync();
        requests.Reset();
        await responses.Writer.CompleteAsync();
        ReadResult result = await responses.Reader.ReadAsync();
        T seen = look(result.Buffer);
        await responses.Reader.CompleteAsync();
        responses.Reset();
        return seen;
    }

    public void Dispose() => pool.Dispose();
}
