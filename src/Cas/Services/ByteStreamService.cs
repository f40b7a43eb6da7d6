using Google.Bytestream;
using RemoteExec.Cas.Builds;
using RemoteExec.Cas.Compression;
using RemoteExec.Cas.Frames;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Access;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Server;
using Compressor = Build.Bazel.Remote.Execution.V2.Compressor.Types.Value;

namespace RemoteExec.Cas.Services;

/// <summary>
/// Blobs of any size as streams. The bytes of a Read go from the store straight into the response's memory, those of a Write from the request's
/// memory straight to the store, and interrupted uploads can be continued. Blobs are verified by the store that is passed in, not here.
/// </summary>
/// <param name="cas">Where the blobs are.</param>
/// <param name="sessions">Uploads that were interrupted.</param>
/// <param name="limits">How long a blob may be.</param>
/// <param name="others">What there is to read and write beside blobs; null for nothing.</param>
/// <param name="observer">Is told what was carried; null for nobody.</param>
/// <param name="access">Knows who may write; null for everybody.</param>
public sealed class ByteStreamService(IBlobStore cas, UploadSessions sessions, CasLimits limits, IStreamedResources? others = null, ICallObserver? observer = null, AccessGuard? access = null)
{
    private const int ReadingBytes = 2 * 1024 * 1024; // a message under way, and the one that is being read
    private readonly AccessGuard access = access ?? AccessGuard.Off;
    private readonly ICallObserver observer = observer ?? ICallObserver.None;

    /// <summary>The service's methods.</summary>
    public RpcService ToRpcService() => new RpcService(BytestreamReflection.Descriptor, "ByteStream", exception => others?.ToStatus(exception) ?? CasErrors.ToStatus(exception))
        .ServerStream<ReadRequest, ReadResponse>("Read", (request, _, call) => ReadAsync(request, call))
        .Raw("Write", call => new ByteStreamUpload(cas, sessions, limits, others, observer, this.access, call).RunAsync())
        .Unary<QueryWriteStatusRequest, QueryWriteStatusResponse>("QueryWriteStatus", QueryWriteStatusAsync);

    /// <summary>Reads the name of an upload.</summary>
    /// <exception cref="RpcException">
    /// INVALID_ARGUMENT: it is none, is not what the routing header says (RES-10), or asks for a compressor that is not offered (RES-07).
    /// </exception>
    internal static ResourceName ParseUpload(RpcCall call, string text) =>
        ResourceName.TryParseWrite(text, out ResourceName name, out string? error) ? Check(call, text, name) : throw RequestArguments.Invalid(error);

    private static ResourceName Check(RpcCall call, string text, ResourceName name)
    {
        if (call.GetRequestHeader(ResourceName.Header) is { } header && !string.Equals(header, text, StringComparison.Ordinal))
            throw RequestArguments.Invalid($"the header {ResourceName.Header} says '{header}', but the request's resource_name is '{text}'");
        RequestArguments.CheckCompressor(name.Compressor, Compressor.Identity);
        return name;
    }

    private async Task ReadAsync(ReadRequest request, RpcCall call)
    {
        if (others is not null && others.Has(request.ResourceName))
        {
            access.Check(Right.ReadCas, others.InstanceOf(request.ResourceName));
            await others.ReadAsync(request, call);
            return;
        }

        if (!ResourceName.TryParseRead(request.ResourceName, out ResourceName name, out string? error))
            throw RequestArguments.Invalid(error);
        Digest digest = Check(call, request.ResourceName, name).Digest;
        if (request.ReadOffset < 0 || request.ReadOffset > digest.SizeBytes)
            throw new RpcException(StatusCode.OutOfRange, $"read_offset {request.ReadOffset} is outside of the blob's {digest.SizeBytes} bytes");
        if (request.ReadLimit < 0)
            throw RequestArguments.Invalid($"read_limit is negative: {request.ReadLimit}");
        if (request.ReadLimit > 0 && name.Compressor != Compressor.Identity)
            throw RequestArguments.Invalid("read_limit must be 0 for a compressed read: it would count bytes that nobody can foresee");

        await call.ReserveAsync(Math.Min(digest.SizeBytes, ReadingBytes));
        await using BlobReader blob = await cas.OpenReadAsync(digest, request.ReadOffset, call.CancellationToken)
            ?? throw new RpcException(StatusCode.NotFound, $"{digest} is not here");
        if (name.Compressor != Compressor.Identity)
        {
            await using var responses = new ReadResponseStream(call);
            await BlobCompression.CompressAsync(name.Compressor, blob, responses, call.CancellationToken);
            responses.Send();
            observer.ObserveBlobs(call, CallKind.Read, digest, 1, digest.SizeBytes - request.ReadOffset);
            return;
        }

        long left = digest.SizeBytes - request.ReadOffset;
        if (request.ReadLimit > 0)
            left = Math.Min(left, request.ReadLimit);
        observer.ObserveBlobs(call, CallKind.Read, digest, 1, left);
        while (left > 0)
        {
            int count = (int)Math.Min(left, ReadResponseFrame.MaxDataBytes);
            await ReadResponseFrame.WriteAsync(call.Responses, blob, digest, count, call.CancellationToken);
            left -= count;

            // The last message goes out together with the trailers.
            if (left > 0)
                await call.Responses.FlushAsync(call.CancellationToken);
        }
    }

    private async Task<QueryWriteStatusResponse> QueryWriteStatusAsync(QueryWriteStatusRequest request, RpcCall call)
    {
        if (others is not null && others.Has(request.ResourceName))
        {
            access.Check(Right.WriteCas, others.InstanceOf(request.ResourceName));
            return await others.QueryWriteStatusAsync(request, call);
        }

        ResourceName name = ParseUpload(call, request.ResourceName);
        access.Check(Right.WriteCas, name.Digest.Instance);
        return await cas.ContainsAsync(name.Digest, call.CancellationToken)
            ? new QueryWriteStatusResponse { CommittedSize = name.Digest.SizeBytes, Complete = true }
            : new QueryWriteStatusResponse { CommittedSize = sessions.ReportCommittedSize(name) };
    }
}
