using System.Diagnostics.Metrics;

namespace RemoteExec.Cas.Stores.S3;

/// <summary>What the S3 store counts. Each instrument tells by <c>store</c> of which one.</summary>
internal sealed class S3Metrics : IDisposable
{
    private readonly Meter meter = new("RemoteExec.Cas");
    private readonly Counter<long> requests;
    private readonly Counter<long> uploads;
    private readonly Counter<long> uploadedBytes;
    private readonly Counter<long> windows;
    private readonly Counter<long> dropped;
    private readonly KeyValuePair<string, object?> store;

    /// <summary>Makes the instruments of a store.</summary>
    /// <param name="name">The name of the store.</param>
    public S3Metrics(string name)
    {
        store = new("store", name);
        requests = meter.CreateCounter<long>("remoteexec.s3.requests", "{request}", "Requests to the bucket, by kind.");
        uploads = meter.CreateCounter<long>("remoteexec.s3.uploads", "{object}", "Packs uploaded, and attempts that failed, by outcome.");
        uploadedBytes = meter.CreateCounter<long>("remoteexec.s3.uploaded", "By", "Bytes uploaded.");
        windows = meter.CreateCounter<long>("remoteexec.s3.windows", "{window}", "Windows of packs read: from memory (hit) or from the bucket (miss).");
        dropped = meter.CreateCounter<long>("remoteexec.s3.dropped", "{blob}", "Blobs dropped, by reason.");
    }

    /// <summary>Watches what there is at a moment.</summary>
    public void Watch(Func<S3StoreStatistics> statistics)
    {
        meter.CreateObservableGauge("remoteexec.s3.backlog.size", () => new Measurement<long>(statistics().BacklogBytes, store), "By", "What waits to be uploaded.");
        meter.CreateObservableGauge("remoteexec.s3.backlog.blobs", () => new Measurement<long>(statistics().BacklogBlobs, store), "{blob}", "Blobs that wait to be uploaded.");
        meter.CreateObservableGauge("remoteexec.s3.backlog.age", () => new Measurement<double>(statistics().BacklogAge?.TotalSeconds ?? 0, store), "s", "How long that has waited to be uploaded that has waited for longest.");
        meter.CreateObservableGauge("remoteexec.s3.blobs", () => new Measurement<long>(statistics().Blobs, store), "{blob}", "Blobs that are in the bucket.");
    }

    /// <summary>A request is sent.</summary>
    public void Requested(RequestKind kind) => requests.Add(1, store, new("kind", kind switch
    {
        RequestKind.Put => "put",
        RequestKind.Get => "get",
        RequestKind.List => "list",
        _ => "delete",
    }));

    /// <summary>A pack was uploaded.</summary>
    public void Uploaded(long bytes)
    {
        uploads.Add(1, store, new("outcome", "ok"));
        uploadedBytes.Add(bytes, store);
    }

    /// <summary>An upload failed, and is going to be repeated.</summary>
    public void UploadFailed() => uploads.Add(1, store, new("outcome", "failed"));

    /// <summary>A window of a pack was wanted.</summary>
    public void Window(bool isHit) => windows.Add(1, store, new("outcome", isHit ? "hit" : "miss"));

    /// <summary>Blobs were dropped.</summary>
    /// <param name="blobs">How many.</param>
    /// <param name="reason">One of a few: gone, damaged, unused, full.</param>
    public void Dropped(long blobs, string reason) => dropped.Add(blobs, store, new("reason", reason));

    /// <inheritdoc/>
    public void Dispose() => meter.Dispose();
}
