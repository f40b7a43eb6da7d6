namespace RemoteExec.References;

/// <summary>What is kept under a name.</summary>
/// <param name="Name">The name.</param>
/// <param name="Version">Counts the changes, deletions too: at least 1.</param>
/// <param name="Changed">When it was changed last.</param>
/// <param name="IsDeleted">True if there is no reference of that name any more.</param>
/// <param name="History">What it has named, the latest first; with what it names now, unless it is deleted.</param>
public sealed record ReferenceRecord(ReferenceName Name, long Version, DateTimeOffset Changed, bool IsDeleted, IReadOnlyList<Reference> History)
{
    /// <summary>How many former states are kept.</summary>
    public const int MaxHistory = 100;

    /// <summary>What is under the name at a time; null if it was deleted or has expired.</summary>
    public Reference? At(DateTimeOffset now) => !IsDeleted && History is [Reference latest, ..] && !latest.HasExpired(now) ? latest : null;

    /// <summary>The record after another state.</summary>
    public ReferenceRecord With(Reference reference) => new(Name, reference.Version, reference.Updated, false, [reference, .. History.Take(MaxHistory - 1)]);

    /// <summary>The record after the reference was deleted.</summary>
    public ReferenceRecord Deleted(DateTimeOffset now) => this with { Version = Version + 1, Changed = now, IsDeleted = true };
}
