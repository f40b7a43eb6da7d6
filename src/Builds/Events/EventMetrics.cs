using System.Diagnostics.Metrics;

namespace RemoteExec.Builds.Events;

/// <summary>What is counted of events. Meter <c>RemoteExec.Builds</c>; disposing ends the instruments.</summary>
internal sealed class EventMetrics : IDisposable
{
    private readonly Counter<long> events;

    /// <summary>Makes the instruments.</summary>
    /// <param name="streams">How many streams are open.</param>
    public EventMetrics(Func<int> streams)
    {
        events = Meter.CreateCounter<long>("remoteexec.build.events", "{event}", "Events of builds that clients sent, by what became of them.");
        Meter.CreateObservableGauge("remoteexec.build.streams", () => streams(), "{stream}", "Streams of such events that are open.");
    }

    /// <summary>What the instruments are of.</summary>
    public Meter Meter { get; } = new("RemoteExec.Builds");

    /// <summary>Counts an event that was acknowledged.</summary>
    public void Count(EventOutcome outcome) => Count(outcome switch
    {
        EventOutcome.Kept => "kept",
        EventOutcome.Ignored => "ignored",
        EventOutcome.Repeated => "repeated",
        _ => "malformed",
    });

    /// <summary>Counts an event that was refused.</summary>
    public void CountRefused() => Count("refused");

    /// <inheritdoc/>
    public void Dispose() => Meter.Dispose();

    private void Count(string outcome) => events.Add(1, new KeyValuePair<string, object?>("outcome", outcome));
}
