using RemoteExec.Cas;

namespace RemoteExec.Builds.Explain.History;

/// <summary>
/// Finds the earlier action that another is best compared with: of the latest few that make the same, the one that differs in the least. Where there is none, one that makes the same in
/// another configuration, or under another name.
/// </summary>
internal sealed class NearestAction(IBlobStore cas, TimeProvider time)
{
    /// <summary>How many causes beside the first are worth keeping.</summary>
    public const int ShownCauses = 20;

    private const int Compared = 3;
    private const int NotComparedWeight = 1000;

    private readonly ActionComparer comparer = new(cas, new ComparisonLimits { Inputs = 50, Directories = 2000, Time = TimeSpan.FromMilliseconds(500) }, time);

    /// <summary>The earlier action and the difference; null if there is none.</summary>
    /// <exception cref="CasException">Storage failed.</exception>
    public async Task<(KnownAction Action, ActionComparison Difference)?> FindAsync(
        HistoryReader history, LineKey key, long invocation, ActionContent content, CancellationToken cancellationToken)
    {
        IReadOnlyList<KnownAction> candidates = history.OfLine(key, Compared);
        if (candidates.Count == 0 && invocation >= 0)
            candidates = history.OfFamily(key, invocation, Compared) is { Count: > 0 } family ? family : history.OfShape(key, invocation, 1);
        (KnownAction Action, ActionComparison Difference)? best = null;
        foreach (KnownAction candidate in candidates)
        {
            KnownAction readable = candidate.Content.Command is null ? candidate with { Content = await ActionContent.LoadAsync(cas, candidate.Digest, cancellationToken) } : candidate;
            ActionComparison difference = await comparer.CompareAsync(readable.Content, content, cancellationToken);
            if (best is null || WeightOf(difference) < WeightOf(best.Value.Difference))
                best = (readable, difference);
        }

        return best;
    }

    private static int WeightOf(ActionComparison difference) =>
        difference.Arguments.Count + difference.Environment.Count + difference.Platform.Count + difference.Inputs.Count + difference.OutputsAdded.Count + difference.OutputsRemoved.Count
        + (difference.HasMoreInputs ? NotComparedWeight : 0) + (difference.NotCompared.Count * NotComparedWeight);
}
