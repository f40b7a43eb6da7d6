using System.Diagnostics.Metrics;

namespace RemoteExec.Integration.Tests.S3;

/// <summary>Counts the uploads of a store that failed.</summary>
internal sealed class UploadFailures : IDisposable
{
    private readonly MeterListener listener = new();
    private int count;

    public UploadFailures(string store)
    {
        listener.InstrumentPublished = (instrument, target) =>
        {
            if (instrument.Name == "remoteexec.s3.uploads")
                target.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) =>
        {
            if (tags.ToArray().Contains(new("store", store)) && tags.ToArray().Contains(new("outcome", "failed")))
                Interlocked.Add(ref count, (int)value);
        });
        listener.Start();
    }

    public int Count => Volatile.Read(ref count);

    public void Dispose() => listener.Dispose();
}
