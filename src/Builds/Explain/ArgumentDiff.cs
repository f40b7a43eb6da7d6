namespace RemoteExec.Builds.Explain;

/// <summary>In what two lists of arguments differ: flags are told by their names, what remains by its place.</summary>
internal static class ArgumentDiff
{
    private const int MaxEdits = 400;
    private const int MostChanges = 1000;

    /// <summary>The changes, in the order of the later command; those of response files name the <paramref name="file"/>.</summary>
    public static IReadOnlyList<ArgumentChange> Compare(IReadOnlyList<string> before, IReadOnlyList<string> after, string? file = null)
    {
        List<ArgumentChange> changes = [];
        foreach (SequenceDiff.Stretch stretch in SequenceDiff.Find(before, after, MaxEdits))
        {
            List<int> olds = [.. Enumerable.Range(stretch.Before, stretch.BeforeCount)], news = [.. Enumerable.Range(stretch.After, stretch.AfterCount)];
            Dictionary<int, int> pairs = Pair(before, after, olds, news);
            foreach (int position in news)
                changes.Add(Make(before, after, pairs.TryGetValue(position, out int old) ? old : null, position, file));
            foreach (int position in olds.Except(pairs.Values))
                changes.Add(Make(before, after, position, null, file));
            if (changes.Count >= MostChanges)
                break;
        }

        return changes;
    }

    /// <summary>True if two lists have the same arguments in another order.</summary>
    public static bool IsOrderOnly(IReadOnlyList<string> before, IReadOnlyList<string> after) =>
        before.Count == after.Count && before.Order(StringComparer.Ordinal).SequenceEqual(after.Order(StringComparer.Ordinal));

    // By the name of the flag wherever it stands in the stretch, else by place, if both are flags or neither is.
    private static Dictionary<int, int> Pair(IReadOnlyList<string> before, IReadOnlyList<string> after, List<int> olds, List<int> news)
    {
        Dictionary<int, int> pairs = [];
        var byFlag = olds.Where(old => FlagName.Of(before, old) is not null).GroupBy(old => FlagName.Of(before, old)!, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => new Queue<int>(group), StringComparer.Ordinal);
        foreach (int position in news)
        {
            if (FlagName.Of(after, position) is { } flag && byFlag.TryGetValue(flag, out Queue<int>? same) && same.TryDequeue(out int old))
                pairs[position] = old;
        }

        int[] oldPlaces = [.. olds.Except(pairs.Values).Where(old => FlagName.Of(before, old) is null)];
        int[] newPlaces = [.. news.Where(position => !pairs.ContainsKey(position) && FlagName.Of(after, position) is null)];
        for (int i = 0; i < Math.Min(oldPlaces.Length, newPlaces.Length); i++)
            pairs[newPlaces[i]] = oldPlaces[i];
        return pairs;
    }

    private static ArgumentChange Make(IReadOnlyList<string> before, IReadOnlyList<string> after, int? old, int? position, string? file) => new()
    {
        PositionBefore = old,
        PositionAfter = position,
        Before = old is { } from ? before[from] : null,
        After = position is { } to ? after[to] : null,
        Flag = position is { } place ? FlagName.Of(after, place) : FlagName.Of(before, old!.Value),
        File = file,
    };
}
