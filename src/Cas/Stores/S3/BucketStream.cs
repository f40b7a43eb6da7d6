using Amazon.Runtime;
using Amazon.S3.Model;

namespace RemoteExec.Cas.Stores.S3;

/// <summary>A range of an object, as it comes over the network. Not thread-safe.</summary>
internal sealed class BucketStream(GetObjectResponse response, string store, TimeSpan patience) : IAsyncDisposable
{
    /// <summary>How long the range is.</summary>
    public long Length => response.ContentLength;

    /// <summary>Reads the next bytes; 0 at the end of the range.</summary>
    /// <exception cref="StoreUnavailableException">The connection broke, or nothing came for long.</exception>
    public async ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        waiting.CancelAfter(patience);
        try
        {
            return await response.ResponseStream.ReadAsync(destination, waiting.Token);
        }
        catch (Exception fault) when (fault is IOException or HttpRequestException or AmazonClientException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new StoreUnavailableException(store, fault);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        response.Dispose();
        return ValueTask.CompletedTask;
    }
}
