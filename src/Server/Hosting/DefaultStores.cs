using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Hosting;

/// <summary>The stores of a server whose configuration names none: segments in the data directory.</summary>
/// <param name="Cas">For blobs.</param>
/// <param name="ActionCache">For results, which are small.</param>
internal sealed record DefaultStores(StoreReference Cas, StoreReference ActionCache)
{
    private const decimal ShareOfResults = 0.05m;

    /// <summary>Divides what the stores may use together.</summary>
    public static DefaultStores In(string dataDirectory, StoreSize total) => new(
        StoreReference.To(new SegmentsOptions { Path = Path.Combine(dataDirectory, "cas"), MaxBytes = total.Scale(1 - ShareOfResults) }),
        StoreReference.To(new SegmentsOptions { Path = Path.Combine(dataDirectory, "ac"), MaxBytes = total.Scale(ShareOfResults) }));
}
