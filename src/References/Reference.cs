namespace RemoteExec.References;

/// <summary>A name for something in the CAS, as it is or was.</summary>
/// <param name="Name">The name.</param>
/// <param name="Target">What it names.</param>
/// <param name="Version">Counts the changes of this name, from 1.</param>
/// <param name="Updated">When it was set.</param>
/// <param name="Expires">When it ends; null for never.</param>
/// <param name="UpdatedBy">Who has set it; empty where callers are not known.</param>
/// <param name="Note">A word of whoever set it.</param>
public sealed record Reference(ReferenceName Name, ReferenceTarget Target, long Version, DateTimeOffset Updated, DateTimeOffset? Expires, string UpdatedBy, string Note)
{
    /// <summary>The longest note, in characters.</summary>
    public const int MaxNoteLength = 1024;

    /// <summary>True if it has ended.</summary>
    public bool HasExpired(DateTimeOffset now) => Expires <= now;
}
