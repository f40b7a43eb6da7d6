using RemoteExec.Execution.Scheduling;

namespace RemoteExec.Execution.Availability;

/// <summary>Where the active scheduler is.</summary>
internal abstract record SchedulerRoute
{
    private SchedulerRoute()
    {
    }

    /// <summary>In this server.</summary>
    /// <param name="Queue">What it decides with.</param>
    /// <param name="Self">The way to it as another server would take it.</param>
    internal sealed record Here(ActionQueue Queue, SchedulerPeer Self) : SchedulerRoute;

    /// <summary>At another server.</summary>
    /// <param name="Peer">The way there.</param>
    internal sealed record Elsewhere(SchedulerPeer Peer) : SchedulerRoute;
}
