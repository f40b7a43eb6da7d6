using System.Security.Cryptography;
using Google.Bytestream;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Runs.Remote;

/// <summary>One of the two outputs of a command: follows its log streams, and completes what they gave out of the result.</summary>
/// <param name="channel">The way to the server.</param>
/// <param name="cas">The server's blobs.</param>
/// <param name="output">Gets it.</param>
/// <param name="failed">Is told at once if it can't be passed on.</param>
/// <param name="time">The clock.</param>
internal sealed class LiveOutput(RpcChannel channel, IBlobStore cas, Stream output, CancellationTokenSource failed, TimeProvider time) : IAsyncDisposable
{
    private const string Read = "/google.bytestream.ByteStream/Read";
    private const int BufferBytes = 64 * 1024;
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(5); // of one who knows that there is nothing more to come
    private IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256); // of what was copied of this attempt
    private long copied;
    private string attempt = "";
    private string stream = "";
    private bool isBroken;
    private Task following = Task.CompletedTask;
    private CancellationTokenSource stopping = new();

    /// <summary>Follows the log stream that an operation has now.</summary>
    /// <exception cref="IOException">What was written before could not be passed on.</exception>
    public async Task ObserveAsync(string name, Reapi.ExecutedActionMetadata? run)
    {
        if (name.Length == 0 || (name == stream && !(isBroken && following.IsCompleted)))
            return;
        await StopAsync();

        // Another attempt writes all of it anew; the same one may go on in another stream, which begins with what was there.
        string next = $"{run?.Worker} {run?.WorkerStartTimestamp}";
        if (next != attempt || run?.WorkerStartTimestamp is null)
            Forget();
        (attempt, stream, isBroken, stopping) = (next, name, false, new CancellationTokenSource());
        following = FollowAsync(name, stopping.Token);
    }

    /// <summary>Copies what is missing.</summary>
    /// <param name="whole">All that the command wrote; null if that is not known.</param>
    /// <param name="inlined">The same, if the server sent it along.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task FinishAsync(Digest? whole, ReadOnlyMemory<byte> inlined, CancellationToken cancellationToken)
    {
        long? length = whole?.SizeBytes ?? (inlined.IsEmpty ? null : inlined.Length);
        if (copied != length)
            await Task.WhenAny(following, Task.Delay(patience, time, cancellationToken));
        await StopAsync();
        if (whole is { } digest && !(IsSha256(digest) && IsCopied(digest)))
            await CompleteAsync(digest, cancellationToken);
        else if (whole is null && !inlined.IsEmpty)
            await CopyAsync(Begins(inlined.Span) ? inlined[(int)copied..] : inlined);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await StopAsync();
        }
        catch (IOException)
        {
            // Whoever has not finished it has another failure to tell.
        }

        stopping.Dispose();
        hash.Dispose();
    }

    private async Task FollowAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (ReadResponse piece in channel.ServerStreamAsync<ReadRequest, ReadResponse>(Read, new ReadRequest { ResourceName = name, ReadOffset = copied }, cancellationToken))
                await CopyAsync(piece.Data.Memory);
        }
        catch (RpcException)
        {
            isBroken = true; // the operation tells how it goes on: by this stream or another, or with its result
        }
        catch (IOException)
        {
            await failed.CancelAsync(); // a command that writes to nobody may write for ever
            throw;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
    }

    private async Task StopAsync()
    {
        await stopping.CancelAsync();
        await following;
        following = Task.CompletedTask;
    }

    // What is copied is never cut off in the middle of a piece: it has to be known how much that was.
    private async Task CopyAsync(ReadOnlyMemory<byte> piece)
    {
        await output.WriteAsync(piece, CancellationToken.None);
        await output.FlushAsync(CancellationToken.None);
        hash.AppendData(piece.Span);
        copied += piece.Length;
    }

    private async Task CompleteAsync(Digest whole, CancellationToken cancellationToken)
    {
        // Servers keep logs and results apart: only what the result begins with counts as copied.
        if (copied > whole.SizeBytes || (copied > 0 && !await BeginsAsync(whole, cancellationToken)))
            Forget();
        await using BlobReader reader = await OpenAsync(whole, copied, cancellationToken);
        byte[] buffer = new byte[BufferBytes];
        for (int count; (count = await reader.ReadAsync(buffer, cancellationToken)) > 0;)
            await CopyAsync(buffer.AsMemory(0, count));
        if (!IsCopied(whole))
            throw new RunException($"the server sent something else than what the command wrote, {whole.ToArgument()}");
    }

    private async Task<bool> BeginsAsync(Digest whole, CancellationToken cancellationToken)
    {
        await using BlobReader reader = await OpenAsync(whole, 0, cancellationToken);
        using var other = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[BufferBytes];
        int count;
        for (long left = copied; left > 0 && (count = await reader.ReadAsync(buffer.AsMemory(0, (int)Math.Min(left, buffer.Length)), cancellationToken)) > 0; left -= count)
            other.AppendData(buffer, 0, count);
        return other.GetCurrentHash().AsSpan().SequenceEqual(hash.GetCurrentHash());
    }

    private bool Begins(ReadOnlySpan<byte> whole) => copied <= whole.Length && SHA256.HashData(whole[..(int)copied]).AsSpan().SequenceEqual(hash.GetCurrentHash());

    // Of other functions' digests the length has to do.
    private bool IsCopied(Digest whole) => copied == whole.SizeBytes && (!IsSha256(whole) || whole.HashSpan.SequenceEqual(hash.GetCurrentHash()));

    private static bool IsSha256(Digest digest) => digest.Function == DigestFunction.Sha256;

    private async Task<BlobReader> OpenAsync(Digest whole, long offset, CancellationToken cancellationToken) =>
        await cas.OpenReadAsync(whole, offset, cancellationToken) ?? throw new RunException($"the server has no more what the command wrote, {whole.ToArgument()}");

    private void Forget()
    {
        copied = 0;
        hash.Dispose();
        hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    }
}
