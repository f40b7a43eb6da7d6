namespace RemoteExec.References;

/// <summary>A reference was not changed, for a reason that the caller can do something about.</summary>
public abstract class ReferenceException(string message) : Exception(message);

/// <summary>There is no reference of that name.</summary>
public sealed class ReferenceUnknownException(ReferenceName name) : ReferenceException($"there is no reference '{name}'");

/// <summary>A reference is at another version than was expected.</summary>
public sealed class ReferenceMovedException(ReferenceName name, long expected, long actual)
    : ReferenceException($"reference '{name}' is at version {actual}, not {expected}: somebody else has changed it; look at it again, and set it once more if that is still right")
{
    /// <summary>The version that it is at; 0 if there is none.</summary>
    public long Actual { get; } = actual;
}

/// <summary>A tag names something else, for good.</summary>
public sealed class TagTakenException(ReferenceName name, ReferenceTarget target)
    : ReferenceException($"tag '{name}' names {target.Digest} already, and tags are never moved: write another revision, or delete it first");

/// <summary>What a reference was to name can't be read in full.</summary>
public sealed class TargetIncompleteException(ReferenceTarget target, IReadOnlyCollection<Protocol.Digest> missing)
    : ReferenceException($"{target.Digest} is not complete in the CAS: {(missing.Count == 0 ? "it is no tree of directories" : $"{missing.Count} blob(s) are missing, as {missing.First()}")}; push it again")
{
    /// <summary>What is missing, as far as it is known.</summary>
    public IReadOnlyCollection<Protocol.Digest> Missing { get; } = missing;
}
