using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;

namespace RemoteExec.Cas.Stores.S3;

/// <summary>
/// The objects of one store: those under its prefix. Counts every request. Keys are without the prefix. May be used concurrently.
/// </summary>
/// <remarks>
/// A service that can't be reached, refuses, or is silent for long is a <see cref="StoreUnavailableException"/>; that an object is absent is a value. No request is without a time limit.
/// </remarks>
internal sealed class Bucket(S3StoreOptions options, S3Metrics metrics) : IDisposable
{
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
            await SendAsync(RequestKind.Put, token => client.PutObjectAsync(request, token), 0, cancellationToken);
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
        await SendAsync(RequestKind.Put, token => client.PutObjectAsync(request, token), 0, cancellationToken);
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
        await SendAsync(RequestKind.Put, token => client.PutObjectAsync(request, token), length, cancellationToken);
    }

    /// <summary>Reads a range of an object, as much of it as there is; null if the object is absent.</summary>
    public Task<byte[]?> GetAsync(string key, long start, int length, CancellationToken cancellationToken) =>
        GetAsync(key, new ByteRange(start, start + length - 1), length, cancellationToken);

    /// <summary>Reads the end of an object, or all of one that is shorter; null if the object is absent.</summary>
    public Task<byte[]?> GetEndAsync(string key, int length, CancellationToken cancellationToken) =>
        GetAsync(key, new ByteRange(string.Create(CultureInfo.InvariantCulture, $"bytes=-{length}")), length, cancellationToken);

    /// <summary>Opens a range of an object to be read as it comes; null if the object is absent.</summary>
    public Task<BucketStream?> OpenAsync(string key, long start, long length, CancellationToken cancellationToken) =>
        OpenAsync(key, new ByteRange(start, start + length - 1), length, cancellationToken);

    private async Task<byte[]?> GetAsync(string key, ByteRange range, int length, CancellationToken cancellationToken)
    {
        await using BucketStream? stream = await OpenAsync(key, range, length, cancellationToken);
        if (stream is null)
            return null;
        byte[] content = GC.AllocateUninitializedArray<byte>((int)Math.Min(length, stream.Length));
        int filled = 0;
        for (int read = -1; filled < content.Length && read != 0; filled += read)
            read = await stream.ReadAsync(content.AsMemory(filled), cancellationToken);
        return filled == content.Length ? content : content[..filled];
    }

    private async Task<BucketStream?> OpenAsync(string key, ByteRange range, long length, CancellationToken cancellationToken)
    {
        var request = new GetObjectRequest { BucketName = options.Bucket, Key = options.Prefix + key, ByteRange = range };
        try
        {
            GetObjectResponse response = await SendAsync(RequestKind.Get, token => client.GetObjectAsync(request, token), 0, cancellationToken);
            RequireWhole(response, length);
            return new BucketStream(response, options.Name, options.Patience);
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
            ListObjectsV2Response page = await SendAsync(RequestKind.List, token => client.ListObjectsV2Async(request, token), 0, cancellationToken);
            foreach (S3Object found in (page.S3Objects ?? []).Where(found => found.Key.StartsWith(request.Prefix, StringComparison.Ordinal)))
                yield return new BucketObject(found.Key[options.Prefix.Length..], found.Size ?? 0);
            request.ContinuationToken = page.IsTruncated == true ? page.NextContinuationToken : null;
        }
        while (request.ContinuationToken is not null);
    }

    /// <summary>Deletes an object; one that is absent is as good as deleted. By itself: not every service can delete several at once.</summary>
    public Task DeleteAsync(string key, CancellationToken cancellationToken) =>
        SendAsync(RequestKind.Delete, token => client.DeleteObjectAsync(new DeleteObjectRequest { BucketName = options.Bucket, Key = options.Prefix + key }, token), 0, cancellationToken);

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
        InitiateMultipartUploadResponse begun = await SendAsync(RequestKind.Put, token => client.InitiateMultipartUploadAsync(begin, token), 0, cancellationToken);
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
                UploadPartResponse uploaded = await SendAsync(RequestKind.Put, token => client.UploadPartAsync(part, token), part.PartSize ?? 0, cancellationToken);
                join.AddPartETags(uploaded);
            }

            await SendAsync(RequestKind.Put, token => client.CompleteMultipartUploadAsync(join, token), length, cancellationToken);
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
            await SendAsync(RequestKind.Put, token => client.AbortMultipartUploadAsync(abort, token), 0, CancellationToken.None);
        }
        catch (StoreUnavailableException)
        {
            // The parts stay until a rule of the bucket removes them (docs/s3.md names it); what matters to the caller is the first fault.
        }
    }

    /// <summary>An answer that is shorter than what was asked for and what there is would be taken for a damaged object.</summary>
    private void RequireWhole(GetObjectResponse response, long length)
    {
        if (ContentRangeHeaderValue.TryParse(response.ContentRange, out ContentRangeHeaderValue? range) && range is { From: { } first, To: { } last, Length: { } all }
            && response.ContentLength == last - first + 1 && (response.ContentLength == length || last == all - 1))
            return;
        if (response.HttpStatusCode == HttpStatusCode.OK && response.ContentLength <= length)
            return; // all of an object that is shorter than what was asked for
        string told = $"it was asked for {length} bytes, and answers {response.ContentLength} with the range '{response.ContentRange}'";
        response.Dispose();
        throw new StoreUnavailableException(options.Name, new BucketException(new InvalidDataException(told)));
    }

    private static string NameOf(RequestKind kind) => kind switch
    {
        RequestKind.Put => "s3 put",
        RequestKind.Get => "s3 get",
        RequestKind.List => "s3 list",
        _ => "s3 delete",
    };

    /// <param name="kind">What is counted.</param>
    /// <param name="send">Sends it.</param>
    /// <param name="body">How many bytes are sent with it, for which there is more time.</param>
    /// <param name="cancellationToken">Gives up.</param>
    private async Task<T> SendAsync<T>(RequestKind kind, Func<CancellationToken, Task<T>> send, long body, CancellationToken cancellationToken)
    {
        metrics.Requested(kind);
        using Activity? span = CasTracing.Begin(NameOf(kind), options.Name);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        TimeSpan patience = options.PatienceFor(body);
        limit.CancelAfter(patience);
        try
        {
            return await send(limit.Token);
        }
        catch (Exception fault) when (fault is not ObjectDisposedException)
        {
            CasTracing.Fail(span, fault);

            // Whatever it is: an answer that makes no sense ends in any exception of the parser that the client happens to use.
            cancellationToken.ThrowIfCancellationRequested(); // who gave up is not told of what failed besides
            throw new StoreUnavailableException(options.Name, new BucketException(limit.IsCancellationRequested ? new TimeoutException($"no answer within {patience.TotalSeconds:0} s") : fault));
        }
    }
}
