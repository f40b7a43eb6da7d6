using System.Diagnostics.Metrics;
using RemoteExec.Cas.Composition;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Composition;

public sealed class MeteredStoreTests : IDisposable
{
    private readonly string name = $"store-{Guid.NewGuid()}"; // meters are heard across all tests
    private readonly ManualTimeProvider time = new();
    private readonly FailingNode inner = new();
    private readonly StoreMetrics metrics = new();
    private readonly MeterListener listener = new();
    private readonly List<string> heard = [];
    private readonly MeteredStore store;
    private readonly TestBlob blob = TestBlob.Random(1, 1000);

    public MeteredStoreTests()
    {
        store = new MeteredStore(name, inner.Store, metrics, time);
        listener.InstrumentPublished = (instrument, target) =>
        {
            if (instrument.Meter.Name == "RemoteExec.Cas")
                target.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Hear(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Hear(instrument, value, tags));
        listener.Start();
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        listener.Dispose();
        metrics.Dispose();
    }

    [Fact]
    public async Task A_write_counts_its_bytes_and_how_long_it_took()
    {
        BlobWriter writer = await store.OpenWriteAsync(blob.Digest, 1000, Token);
        await writer.WriteAsync(new System.Buffers.ReadOnlySequence<byte>(blob.Content), Token);
        time.Advance(TimeSpan.FromSeconds(2));
        await writer.CommitAsync(Token);
        await writer.DisposeAsync();

        Assert.Equal(["io 1000 By direction=write", "duration 2 s operation=write outcome=ok"], heard);
    }

    [Fact]
    public async Task Hits_and_misses_are_counted_of_look_ups_and_reads()
    {
        await inner.Kept.WriteAllAsync(blob.Digest, blob.Content, Token);
        TestBlob[] absent = [TestBlob.Random(2, 1), TestBlob.Random(3, 2)];

        await store.FindMissingAsync([blob.Digest, .. absent.Select(one => one.Digest)], Token);
        await store.ReadAllAsync(blob.Digest, 1000, Token);
        await store.ReadAllAsync(absent[0].Digest, 1000, Token);

        Assert.Equal(
            [
                "lookups 1 {blob} result=hit", "lookups 2 {blob} result=miss", "duration 0 s operation=find_missing outcome=ok",
                "lookups 1 {blob} result=hit", "io 1000 By direction=read", "duration 0 s operation=read outcome=ok",
                "lookups 1 {blob} result=miss", "duration 0 s operation=read outcome=miss",
            ],
            heard);
    }

    [Fact]
    public async Task Failures_are_told_apart()
    {
        inner.IsDown = true;

        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.FindMissingAsync([blob.Digest], Token));
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.OpenReadAsync(blob.Digest, 0, Token));
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.OpenWriteAsync(blob.Digest, 1, Token));

        Assert.Equal(["duration 0 s operation=find_missing outcome=error", "duration 0 s operation=read outcome=error", "duration 0 s operation=write outcome=error"], heard);
    }

    private void Hear(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        Dictionary<string, object?> all = new(tags.ToArray());
        if (!Equals(all.GetValueOrDefault("store"), name))
            return;
        all.Remove("store");
        Assert.StartsWith("remoteexec.store.", instrument.Name, StringComparison.Ordinal);
        heard.Add($"{instrument.Name.Split('.')[^1]} {value} {instrument.Unit} {string.Join(' ', all.Select(tag => $"{tag.Key}={tag.Value}"))}");
    }
}
