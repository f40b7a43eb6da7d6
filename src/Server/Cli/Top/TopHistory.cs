namespace RemoteExec.Server.Cli.Top;

/// <summary>What was seen with the last looks, as many as a wide terminal shows.</summary>
internal sealed class TopHistory
{
    private const int Most = 600;
    private readonly List<TopSnapshot> snapshots = [];

    /// <summary>The newest; null before the first look.</summary>
    public TopSnapshot? Latest => snapshots.Count == 0 ? null : snapshots[^1];

    /// <summary>The newest that the server answered; null if it never has.</summary>
    public TopSnapshot? LatestAnswer => snapshots.FindLast(snapshot => snapshot.Problem is null);

    /// <summary>From when on there are some.</summary>
    public DateTimeOffset? Since => snapshots.Count == 0 ? null : snapshots[0].At;

    /// <summary>Adds one.</summary>
    public void Add(TopSnapshot snapshot)
    {
        if (snapshots.Count == Most)
            snapshots.RemoveAt(0);
        snapshots.Add(snapshot);
    }

    /// <summary>A value over time, the oldest first; null where it is not known.</summary>
    public IReadOnlyList<double?> Of(Func<TopSnapshot, double?> value) => [.. snapshots.Select(value)];
}
