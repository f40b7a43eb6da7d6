using System.Diagnostics.Metrics;
using RemoteExec.Server.Telemetry;

namespace RemoteExec.Server.Tests.Telemetry;

public sealed class CertificateMetricsTests
{
    [Fact]
    public void The_time_left_goes_down_to_nothing_and_below()
    {
        var time = new ManualTimeProvider();
        using var metrics = new CertificateMetrics(time.GetUtcNow() + TimeSpan.FromHours(1), time);
        using var listener = new MeterListener();
        var heard = new List<double>();
        listener.InstrumentPublished = (instrument, target) =>
        {
            if (instrument.Meter == metrics.Meter) // meters are heard across all tests
                target.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((_, value, _, _) => heard.Add(value));
        listener.Start();

        listener.RecordObservableInstruments();
        time.Advance(TimeSpan.FromHours(2));
        listener.RecordObservableInstruments();

        Assert.Equal([3600, -3600], heard);
    }
}
