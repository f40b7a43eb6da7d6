namespace RemoteExec.Builds.Explain;

/// <summary>In what two sequences differ: the shortest edit script, by the greedy algorithm of Myers, as far as it stays short.</summary>
internal static class SequenceDiff
{
    /// <summary>
    /// The stretches that have to be replaced to make the second sequence out of the first, in order. Sequences that differ in more than <paramref name="maxEdits"/> elements are
    /// one stretch, but for how they begin and end alike.
    /// </summary>
    public static IReadOnlyList<Stretch> Find<T>(IReadOnlyList<T> before, IReadOnlyList<T> after, int maxEdits)
        where T : IEquatable<T>
    {
        int shorter = Math.Min(before.Count, after.Count), head = 0, tail = 0;
        while (head < shorter && before[head].Equals(after[head]))
            head++;
        while (tail < shorter - head && before[^(tail + 1)].Equals(after[^(tail + 1)]))
            tail++;
        int rows = before.Count - head - tail, columns = after.Count - head - tail;
        if (rows == 0 && columns == 0)
            return [];

        bool[] keptBefore = new bool[rows], keptAfter = new bool[columns];
        if (rows > 0 && columns > 0)
            MarkKept(before, after, head, keptBefore, keptAfter, maxEdits);
        return Stretches(keptBefore, keptAfter, head);
    }

    private static void MarkKept<T>(IReadOnlyList<T> before, IReadOnlyList<T> after, int head, bool[] keptBefore, bool[] keptAfter, int maxEdits)
        where T : IEquatable<T>
    {
        int rows = keptBefore.Length, columns = keptAfter.Length, most = Math.Min(rows + columns, maxEdits), centre = most + 1;
        var furthest = new int[(2 * centre) + 1];
        List<int[]> rounds = [];
        for (int edits = 0; edits <= most; edits++)
        {
            rounds.Add((int[])furthest.Clone());
            for (int diagonal = -edits; diagonal <= edits; diagonal += 2)
            {
                int row = IsInsertion(furthest, centre, diagonal, edits) ? furthest[centre + diagonal + 1] : furthest[centre + diagonal - 1] + 1;
                while (row < rows && row - diagonal < columns && before[head + row].Equals(after[head + row - diagonal]))
                    row++;
                furthest[centre + diagonal] = row;
                if (diagonal != rows - columns || row < rows)
                    continue;
                Trace(rounds, centre, rows, columns, keptBefore, keptAfter);
                return;
            }
        }
    }

    private static bool IsInsertion(int[] furthest, int centre, int diagonal, int edits) =>
        diagonal == -edits || (diagonal != edits && furthest[centre + diagonal - 1] < furthest[centre + diagonal + 1]);

    private static void Trace(List<int[]> rounds, int centre, int row, int column, bool[] keptBefore, bool[] keptAfter)
    {
        for (int edits = rounds.Count - 1; edits >= 0; edits--)
        {
            int diagonal = row - column;
            int from = edits == 0 ? 0 : IsInsertion(rounds[edits], centre, diagonal, edits) ? diagonal + 1 : diagonal - 1;
            int fromRow = edits == 0 ? 0 : rounds[edits][centre + from], fromColumn = fromRow - from;
            while (row > fromRow && column > fromColumn)
                keptBefore[--row] = keptAfter[--column] = true;
            (row, column) = (fromRow, fromColumn);
        }
    }

    private static List<Stretch> Stretches(bool[] keptBefore, bool[] keptAfter, int head)
    {
        List<Stretch> stretches = [];
        int row = 0, column = 0;
        while (row < keptBefore.Length || column < keptAfter.Length)
        {
            int firstRow = row, firstColumn = column;
            while (row < keptBefore.Length && !keptBefore[row])
                row++;
            while (column < keptAfter.Length && !keptAfter[column])
                column++;
            if (row > firstRow || column > firstColumn)
                stretches.Add(new Stretch(head + firstRow, row - firstRow, head + firstColumn, column - firstColumn));
            if (row < keptBefore.Length)
                (row, column) = (row + 1, column + 1); // one that both have
        }

        return stretches;
    }

    /// <summary>Elements of the first sequence, and those of the second that stand in their place; either may be none.</summary>
    internal readonly record struct Stretch(int Before, int BeforeCount, int After, int AfterCount);
}
