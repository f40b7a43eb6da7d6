namespace RemoteExec.Builds.Explain;

/// <summary>An argument that two commands do not share. Positions count from 0, which is the program.</summary>
public sealed record ArgumentChange
{
    /// <summary>Where it stood before; null if it is new.</summary>
    public int? PositionBefore { get; init; }

    /// <summary>Where it stands now; null if it is gone.</summary>
    public int? PositionAfter { get; init; }

    /// <summary>What it was; null if it is new.</summary>
    public string? Before { get; init; }

    /// <summary>What it is; null if it is gone.</summary>
    public string? After { get; init; }

    /// <summary>The flag that it is or whose value it is, without the value: <c>--copt</c>; null if it is none.</summary>
    public string? Flag { get; init; }

    /// <summary>The response file it stands in, a path below the input root; null if it is an argument of the command itself. Positions are lines then.</summary>
    public string? File { get; init; }
}
