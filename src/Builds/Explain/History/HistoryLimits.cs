namespace RemoteExec.Builds.Explain.History;

/// <summary>How much of the past is kept.</summary>
internal sealed record HistoryLimits
{
    // As measured, with their rows in indexes, and commands that are mostly their own.
    private const int BytesOfAction = 800, BytesOfMiss = 1000;

    /// <summary>How many actions in all; those that were asked for least recently are forgotten first.</summary>
    public int Actions { get; init; } = 1_000_000;

    /// <summary>How many actions of one line.</summary>
    public int ActionsPerLine { get; init; } = 8;

    /// <summary>How many outputs of a line are known to be its own.</summary>
    public int OutputsPerLine { get; init; } = 64;

    /// <summary>How many explanations.</summary>
    public int Misses { get; init; } = 500_000;

    /// <summary>The compressed length beyond which a command is not kept: it is read from the CAS, as long as that has it.</summary>
    public int CommandBytes { get; init; } = 64 * 1024;

    /// <summary>About so much that the file gets no longer than this, half of it for actions and half for explanations.</summary>
    public static HistoryLimits ForBytes(long bytes) => new()
    {
        Actions = (int)Math.Min(new HistoryLimits().Actions, bytes / 2 / BytesOfAction),
        Misses = (int)Math.Min(new HistoryLimits().Misses, bytes / 2 / BytesOfMiss),
    };
}
