using RemoteExec.Cas.Builds;

namespace RemoteExec.Server.Telemetry;

/// <summary>Several who want to know what came of calls, told one after the other.</summary>
internal sealed class CallObservers : ICallObserver
{
    private readonly ICallObserver[] all;

    /// <summary>Makes them one.</summary>
    public CallObservers(params IEnumerable<ICallObserver> observers) => all = [.. observers.Where(observer => observer.IsEnabled)];

    /// <inheritdoc/>
    public bool IsEnabled => all.Length > 0;

    /// <inheritdoc/>
    public void Observe(in CallEvent call)
    {
        foreach (ICallObserver observer in all)
            observer.Observe(call);
    }
}
