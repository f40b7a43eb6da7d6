namespace RemoteExec.Runs.Determinism;

/// <summary>Where two contents differ, and what that looks like.</summary>
public sealed record ContentDifference
{
    /// <summary>The first byte that is not the same; the length of the shorter one if the longer one begins with it.</summary>
    public required long Offset { get; init; }

    /// <summary>The line that it is in, from 1 on, if both are text.</summary>
    public long? Line { get; init; }

    /// <summary>The bytes of the first one.</summary>
    public required long FirstBytes { get; init; }

    /// <summary>The bytes of the other one.</summary>
    public required long OtherBytes { get; init; }

    /// <summary>What the first one has there: a line of text, or bytes in hexadecimal and as characters.</summary>
    public required string First { get; init; }

    /// <summary>What the other one has there.</summary>
    public required string Other { get; init; }

    /// <summary>What kind of archive both are: <c>tar</c>, <c>zip</c>, <c>ar</c>, <c>gzip</c>; null for none.</summary>
    public string? Archive { get; init; }

    /// <summary>Which members of the archives differ, and in what.</summary>
    public IReadOnlyList<MemberDifference> Members { get; init; } = [];

    /// <summary>What it looks as if it came of.</summary>
    public IReadOnlyList<DifferenceCause> Causes { get; init; } = [];

    /// <summary>All causes, those of members as well.</summary>
    public IEnumerable<DifferenceCause> AllCauses => Causes.Concat(Members.SelectMany(member => member.Content?.AllCauses ?? [])).Distinct();
}
