using RemoteExec.Worker.Audit;

namespace RemoteExec.Server.Configuration;

/// <summary>How a worker checks whether actions are what they say: functions of their inputs. docs/sandbox.md tells what it sees, and what it can't.</summary>
internal sealed record WorkerAuditOptions : IOptions
{
    /// <summary>
    /// Whether it is written down what each action opens, executes, looks at and connects to, unless the tier is `directory`: `remoteexec audit` shows the reports. Without
    /// it, only for actions that ask for it (`audit=on` among their platform properties).
    /// </summary>
    public bool Reads { get; init; }

    /// <summary>
    /// The share of the actions with a result that may be cached that are run a second time, to see whether their outputs are the same: 0.01 is one of a hundred. They take twice as
    /// long, and at least a second.
    /// </summary>
    public double Rerun { get; init; }

    /// <summary>What becomes of a result if the second run made another: `report` says so in the log and in the report, `quarantine` also keeps the result out of the cache.</summary>
    public DifferencePolicy OnDifference { get; init; } = DifferencePolicy.Report;

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (Rerun is not (>= 0 and <= 1))
            yield return new(nameof(Rerun), "must be between 0 and 1");
    }

    /// <summary>The worker's own options.</summary>
    public AuditOptions ToOptions() => new() { Reads = Reads, Rerun = Rerun, Quarantines = OnDifference == DifferencePolicy.Quarantine };
}
