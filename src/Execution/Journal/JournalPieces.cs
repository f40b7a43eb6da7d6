using RemoteExec.Protocol.Journals;

namespace RemoteExec.Execution.Journal;

/// <summary>Cuts a snapshot, which may be of any size, into pieces that are written one by one.</summary>
internal static class JournalPieces
{
    /// <summary>About how long a piece is, unless a single entry is longer.</summary>
    public const int Bytes = 1 << 20;

    /// <summary>The pieces, at least one: an empty snapshot has an empty one.</summary>
    public static IEnumerable<JournalBatch> Of(IReadOnlyList<JournalEntry> snapshot)
    {
        var piece = new JournalBatch();
        int size = 0;
        foreach (JournalEntry entry in snapshot)
        {
            int length = entry.CalculateSize();
            if (size > 0 && size + length > Bytes)
            {
                yield return piece;
                piece = new JournalBatch();
                size = 0;
            }

            piece.Entries.Add(entry);
            size += length;
        }

        yield return piece;
    }
}
