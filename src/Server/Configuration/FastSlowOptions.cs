using RemoteExec.Cas.Composition;

namespace RemoteExec.Server.Configuration;

/// <summary>
/// A fast store, near and bounded, before a slow one, far and large. What is read from the slow one fills the fast one, and what the fast one answers for is told to the slow one as used. Writes go to both.
/// </summary>
internal sealed record FastSlowOptions : StoreOptions
{
    /// <summary>The fast store; one that fails or is full costs time only.</summary>
    public StoreReference? Fast { get; init; }

    /// <summary>The slow store.</summary>
    public StoreReference? Slow { get; init; }

    /// <summary>
    /// What is written to the slow store: `required`, all, and a write that it does not take fails; `optional`, all, and what it does not take it gets in the background; `none`, nothing, as goes with
    /// `readOnly`.
    /// </summary>
    public SlowWrites SlowWrites { get; init; } = SlowWrites.Required;

    /// <summary>What it means for look-ups and reads that the slow store is out of reach: `missing`, that what the fast one lacks is missing; `error`, that they fail.</summary>
    public SlowDown SlowDown { get; init; } = SlowDown.Missing;

    /// <summary>
    /// How long the slow store may take for a look-up, for opening, and for each piece that is read or written, before it counts as out of reach. Without it, 5s, and as long as what it is
    /// made of may take itself: 10s for another server with a `patience` of 0s, 25s for a mirror of two such.
    /// </summary>
    public TimeSpan? Timeout { get; init; }

    /// <inheritdoc/>
    public override IEnumerable<StoreReference> Children => Given(Fast, Slow);

    /// <inheritdoc/>
    public override IEnumerable<OptionProblem> Validate() => [.. Require((nameof(Fast), Fast), (nameof(Slow), Slow)), .. RequirePositive((nameof(Timeout), Timeout ?? TimeSpan.MaxValue))];
}
