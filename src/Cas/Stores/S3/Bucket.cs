using System.Globalization;
using System.Runtime.CompilerServices;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;

namespace RemoteExec.Cas.Stores.S3;

/// <summary>
/// The objects of one store: those under its prefix. Counts every request. Keys are without the prefix. May be used concurrently.
/// </summary>
/// <remarks>A service that can't be reached, or refuses, is a <see cref="StoreUnavailableException"/>; that an object is absent is a value.</remarks>
internal sealed class Bucket(S3StoreOptions options, S3Metrics metrics) : IDisposable
{
    private static readonly TimeSpan readPatience = TimeSpan.FromSeconds(30); // until an answer begins, and between its pieces
    private readonly AmazonS3Client client = BucketClient.Create(options);
    private readonly bool isSecure = options.Endpoint?.Scheme != Uri.UriSchemeHttp;

    /// <summary>Writes a small object. False if it is there already.</summary>
    public async Task<bool> TryCreateAsync(string key, string content, CancellationToken cancellationToken)
    {
        PutObjectRequest request = Put(key);
        request.ContentBody = content;
        request.IfNoneMatch = "*";
        try
        {
            await SendAsync(RequestKind.Put, () => client.PutObjectAsync(request, cancellationToken), cancellationToken);
            return true;
        }
        catch (StoreUnavailableException fault) when (fault.InnerException is BucketException { IsConditionFailed: true })
        {
            return false;
        }
    }

    /// <summary>Writes a small object, over what is there.</summary>
    public async Task PutAsync(string key, string content, CancellationToken cancellationToken)
    {
        PutObjectRequest request = Put(key);
        request.ContentBody = content;
        await SendAsync(RequestKind.Put, () => client.PutObjectAsync(request, cancellationToken), cancellationToken);
    }

    /// <summary>Writes a file as an object: by one request, or in parts if it is longer than one. The object appears as a whole, or not at all.</summary>
    public async Task PutFileAsync(string key, string path, CancellationToken cancellationToken)
    {
        long length = new FileInfo(path).Length;
        if (length > options.PartBytes)
        {
            await PutPartsAsync(key, path, length, cancellationToken);
            return;
        }

        PutObjectRequest request = Put(key);
        request.FilePath = path;
        if (options.StorageClass.Length > 0)
            request.StorageClass = S3StorageClass.FindValue(options.StorageClass);
        await SendAsync(RequestKind.Put, () => client.PutObjectAsync(request, cancellationToken), cancellationToken);
    }

    /// <summary>Reads a range of an object, as much of it as there is; null if the object is absent.</summary>
    public Task<byte[]?> GetAsync(string key, long start, int length, CancellationToken cancellationToken) =>
        GetAsync(key, new ByteRange(start, start + length - 1), length, cancellationToken);

    /// <summary>Reads the end of an object, or all of one that is shorter; null if the object is absent.</summary>
    public Task<byte[]?> GetEndAsync(string key, int length, CancellationToken cancellationToken) =>
        GetAsync(key, new ByteRange(string.Create(CultureInfo.InvariantCulture, $"bytes=-{length}")), length, cancellationToken);

    /// <summary>Opens a range of an object to be read as it comes; null if the object is absent.</summary>
    public Task<BucketStream?> OpenAsync(string key, long start, long length, CancellationToken cancellationToken) =>
        OpenAsync(key, new ByteRange(start, start + length - 1), cancellationToken);

    private async Task<byte[]?> GetAsync(string key, ByteRange range, int length, CancellationToken cancellationToken)
    {
        await using BucketStream? stream = await OpenAsync(key, range, cancellationToken);
        if (stream is null)
            return null;
        byte[] content = GC.AllocateUninitializedArray<byte>((int)Math.Min(length, stream.Length));
        int filled = 0;
        for (int read = -1; filled < content.Length && read != 0; filled += read)
            read = await stream.ReadAsync(content.AsMemory(filled), cancellationToken);
        return filled == content.Length ? content : content[..filled];
    }

    private async Task<BucketStream?> OpenAsync(string key, ByteRange range, CancellationToken cancellationToken)
    {
        var request = new GetObjectRequest { BucketName = options.Bucket, Key = options.Prefix + key, ByteRange = range };
        try
        {
            GetObjectResponse response = await SendAsync(RequestKind.Get, () => client.GetObjectAsync(request, cancellationToken).WaitAsync(readPatience, cancellationToken), cancellationToken);
            return new BucketStream(response, options.Name, readPatience);
        }
        catch (StoreUnavailableException fault) when (fault.InnerException is BucketException { IsAbsence: true })
        {
            return null;
        }
    }

    /// <summary>Lists the objects whose keys begin so, in their order.</summary>
    public async IAsyncEnumerable<BucketObject> ListAsync(string start, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var request = new ListObjectsV2Request { BucketName = options.Bucket, Prefix = options.Prefix + start };
        do
        {
            ListObjectsV2Response page = await SendAsync(RequestKind.List, () => client.ListObjectsV2Async(request, cancellationToken), cancellationToken);
            foreach (S3Object found in page.S3Objects ?? [])
                yield return new BucketObject(found.Key[options.Prefix.Length..], found.Size ?? 0);
            request.ContinuationToken = page.IsTruncated == true ? page.NextContinuationToken : null;
        }
        while (request.ContinuationToken is not null);
    }

    /// <summary>Deletes an object; one that is absent is as good as deleted. By itself: not every service can delete several at once.</summary>
    public Task DeleteAsync(string key, CancellationToken cancellationToken) =>
        SendAsync(RequestKind.Delete, () => client.DeleteObjectAsync(new DeleteObjectRequest { BucketName = options.Bucket, Key = options.Prefix + key }, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => client.Dispose();

    private PutObjectRequest Put(string key)
    {
        var request = new PutObjectRequest { BucketName = options.Bucket, Key = options.Prefix + key, DisablePayloadSigning = isSecure };
        if (options.Encryption != S3Encryption.None)
            request.ServerSideEncryptionMethod = Method;
        if (options.EncryptionKey.Length > 0)
            request.ServerSideEncryptionKeyManagementServiceKeyId = options.EncryptionKey;
        return request;
    }

    private ServerSideEncryptionMethod Method => options.Encryption == S3Encryption.Kms ? ServerSideEncryptionMethod.AWSKMS : ServerSideEncryptionMethod.AES256;

    private async Task PutPartsAsync(string key, string path, long length, CancellationToken cancellationToken)
    {
        var begin = new InitiateMultipartUploadRequest { BucketName = options.Bucket, Key = options.Prefix + key };
        if (options.Encryption != S3Encryption.None)
            begin.ServerSideEncryptionMethod = Method;
        if (options.EncryptionKey.Length > 0)
            begin.ServerSideEncryptionKeyManagementServiceKeyId = options.EncryptionKey;
        if (options.StorageClass.Length > 0)
            begin.StorageClass = S3StorageClass.FindValue(options.StorageClass);
        InitiateMultipartUploadResponse begun = await SendAsync(RequestKind.Put, () => client.InitiateMultipartUploadAsync(begin, cancellationToken), cancellationToken);
        try
        {
            var join = new CompleteMultipartUploadRequest { BucketName = begin.BucketName, Key = begin.Key, UploadId = begun.UploadId };
            for (long start = 0; start < length; start += options.PartBytes)
            {
                var part = new UploadPartRequest
                {
                    BucketName = begin.BucketName,
                    Key = begin.Key,
                    UploadId = begun.UploadId,
                    PartNumber = (int)(start / options.PartBytes) + 1,
                    FilePath = path,
                    FilePosition = start,
                    PartSize = Math.Min(options.PartBytes, length - start),
                    DisablePayloadSigning = isSecure,
                };
                UploadPartResponse uploaded = await SendAsync(RequestKind.Put, () => client.UploadPartAsync(part, cancellationToken), cancellationToken);
                join.AddPartETags(uploaded);
            }

            await SendAsync(RequestKind.Put, () => client.CompleteMultipartUploadAsync(join, cancellationToken), cancellationToken);
        }
        catch (StoreUnavailableException)
        {
            await GiveUpPartsAsync(begin, begun.UploadId);
            throw;
        }
    }

    private async Task GiveUpPartsAsync(InitiateMultipartUploadRequest begin, string upload)
    {
        try
        {
            var abort = new AbortMultipartUploadRequest { BucketName = begin.BucketName, Key = begin.Key, UploadId = upload };
            using var patience = new CancellationTokenSource(readPatience);
            await SendAsync(RequestKind.Put, () => client.AbortMultipartUploadAsync(abort, patience.Token), patience.Token);
        }
        catch (Exception fault) when (fault is StoreUnavailableException or OperationCanceledException)
        {
            // The parts stay until a rule of the bucket removes them (docs/s3.md names it); what matters to the caller is the first fault.
        }
    }

    private async Task<T> SendAsync<T>(RequestKind kind, Func<Task<T>> send, CancellationToken cancellationToken)
    {
        metrics.Requested(kind);
        try
        {
            return await send();
        }
        catch (Exception fault) when (fault is AmazonServiceException or AmazonClientException or HttpRequestException or IOException or TimeoutException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested(); // who gave up is not told of what failed besides
            throw new StoreUnavailableException(options.Name, new BucketException(fault));
        }
    }
}
