using System.Buffers;
using System.Text;
using Google.Bytestream;
using RemoteExec.Cas.Frames;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.Rpc.Framing;

namespace RemoteExec.Cas.Stores;

/// <summary>
/// One call of ByteStream.Write that uploads a blob. Its last message lacks the field that finishes the upload until <see cref="FinishAsync"/>; so the
/// server, however early it has all the bytes, stores nothing before. Failures are those of the call.
/// </summary>
/// <param name="store">The store it belongs to.</param>
/// <param name="digest">What is uploaded.</param>
/// <param name="there">Its digest as the other server knows it.</param>
/// <param name="call">The call; owned.</param>
/// <param name="upload">The upload's part of the resource name.</param>
/// <param name="offset">How much of it the server has already.</param>
internal sealed class RemoteStoreUpload(RemoteStore store, Digest digest, Digest there, RpcClientCall call, string upload, long offset) : IAsyncDisposable
{
    /// <summary>The most data in one message.</summary>
    public const int MaxDataBytes = 1024 * 1024;
    private readonly long start = offset;
    private long sent = offset;
    private bool hasEnded; // the server has answered before it had everything, as the blob is there already

    /// <summary>Sends the next message.</summary>
    /// <exception cref="RpcException">The call failed.</exception>
    /// <exception cref="StoreUnavailableException">The server answered what makes no sense.</exception>
    public async Task SendAsync(ReadOnlySequence<byte> data)
    {
        if (hasEnded)
            return;
        MessageWriter requests = await call.GetRequestsAsync();
        byte[] name = sent == start ? Encoding.UTF8.GetBytes(ResourceName.FormatWrite(there, upload)) : [];
        bool isLast = sent + data.Length == digest.SizeBytes;
        WriteRequestFrame.Write(requests, name, sent, data, finishes: isLast);
        sent += data.Length;

        // The last message waits in the pipe for its end.
        if (!isLast && !await call.FlushAsync())
            await ReadEndAsync();
    }

    /// <summary>Finishes the upload, after all bytes were sent.</summary>
    /// <exception cref="RpcException">The call failed.</exception>
    /// <exception cref="StoreUnavailableException">The server answered what makes no sense.</exception>
    public async Task FinishAsync()
    {
        if (hasEnded)
            return;
        WriteRequestFrame.Finish(await call.GetRequestsAsync());
        await call.CompleteRequestsAsync();
        await ReadEndAsync();
    }

    /// <summary>Ends the call; without having finished, what was sent is dropped.</summary>
    public ValueTask DisposeAsync() => call.DisposeAsync();

    private async Task ReadEndAsync()
    {
        WriteResponse? response = await call.ReadAsync<WriteResponse>();
        if (response?.CommittedSize != digest.SizeBytes)
            throw store.Unavailable(new InvalidDataException($"it took {response?.CommittedSize ?? 0} bytes of {digest}"));
        if (await call.ReadAsync<WriteResponse>() is not null)
            throw store.Unavailable(new InvalidDataException("it answered twice"));
        hasEnded = true;
    }
}
