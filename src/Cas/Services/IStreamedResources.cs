using Google.Bytestream;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Server;

namespace RemoteExec.Cas.Services;

/// <summary>Resources that ByteStream carries beside blobs, under names of their own. Each method serves a call with a name that it has.</summary>
public interface IStreamedResources
{
    /// <summary>True for names of such resources, whether there is one or not; never for those of blobs.</summary>
    bool Has(string resourceName);

    /// <summary>The instance of a name that it has.</summary>
    InstanceName InstanceOf(string resourceName);

    /// <summary>The status that ends a call which failed with an exception of these resources; null for those that are not known.</summary>
    RpcStatus? ToStatus(Exception exception);

    /// <summary>Serves ByteStream.Read.</summary>
    Task ReadAsync(ReadRequest request, RpcCall call);

    /// <summary>Serves ByteStream.Write. The first request was read, and is <see cref="Rpc.Framing.MessageReader.Current"/>.</summary>
    Task WriteAsync(RpcCall call);

    /// <summary>Serves ByteStream.QueryWriteStatus.</summary>
    Task<QueryWriteStatusResponse> QueryWriteStatusAsync(QueryWriteStatusRequest request, RpcCall call);
}
