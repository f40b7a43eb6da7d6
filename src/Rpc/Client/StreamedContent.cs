using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;

namespace RemoteExec.Rpc.Client;

/// <summary>The body of a call whose request messages are written while it runs.</summary>
internal sealed class StreamedContent : HttpContent
{
    private const int BufferBytes = 64 * 1024;
    private readonly TaskCompletionSource<PipeWriter?> started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource finished = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public StreamedContent() => Headers.ContentType = new MediaTypeHeaderValue("application/grpc");

    /// <summary>The way to the server, once the request is under way; null if it never gets there.</summary>
    public Task<PipeWriter?> Writer => started.Task;

    /// <summary>Half-closes the call: no more requests. What the writer holds must have been flushed.</summary>
    public void Finish() => finished.TrySetResult();

    /// <summary>Breaks the call off, if it was not half-closed before; nobody gets the writer any more.</summary>
    public void Abort()
    {
        started.TrySetResult(null);
        finished.TrySetCanceled();
    }

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        if (started.Task.IsCompleted)
            throw new IOException("the connection broke while the requests were sent, and they cannot be sent twice");
        try
        {
            // The headers go out at once: the server may answer before the first request message.
            await stream.FlushAsync(cancellationToken);
        }
        finally
        {
            started.TrySetResult(PipeWriter.Create(stream, new StreamPipeWriterOptions(minimumBufferSize: BufferBytes, leaveOpen: true)));
        }

        await finished.Task.WaitAsync(cancellationToken);
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override bool TryComputeLength(out long length)
    {
        length = -1;
        return false;
    }
}
