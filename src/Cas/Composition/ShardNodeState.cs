namespace RemoteExec.Cas.Composition;

/// <summary>Whether a node of a <see cref="ShardStore"/> is coming, here, or leaving.</summary>
public enum ShardNodeState
{
    /// <summary>It has its share.</summary>
    Active,

    /// <summary>It gets what is written, and what it misses is asked of the node that had its share before.</summary>
    Joining,

    /// <summary>It gets nothing any more, and is asked for what the new owners of its share miss.</summary>
    Draining,
}
