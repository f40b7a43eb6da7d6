namespace RemoteExec.Worker.Caches;

/// <summary>One action's use of one cache.</summary>
/// <param name="Cache">The cache.</param>
internal sealed record CacheHold(NamedCache Cache)
{
    /// <summary>What the action is to have.</summary>
    public required CacheMount Mount { get; init; }

    /// <summary>True if the action writes to the cache itself.</summary>
    public bool IsDirect { get; init; }

    /// <summary>True as long as nobody else has used the cache since this use began. Belongs to who has the turn.</summary>
    public bool IsAlone { get; set; }

    /// <summary>True if what the action wrote goes away with it, whatever becomes of it.</summary>
    public bool IsSpare => !IsDirect && Mount.Changes is null;
}
