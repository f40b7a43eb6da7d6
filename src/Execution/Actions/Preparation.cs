using RemoteExec.Execution.Operations;
using RemoteExec.Execution.Scheduling;

namespace RemoteExec.Execution.Actions;

/// <summary>What came of an action before it is queued.</summary>
internal abstract record Preparation
{
    private Preparation()
    {
    }

    /// <summary>It has to be run.</summary>
    internal sealed record Ready(PreparedAction Action) : Preparation;

    /// <summary>It need not, or can't be.</summary>
    internal sealed record Ended(Outcome Outcome) : Preparation;
}
