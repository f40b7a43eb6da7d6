namespace RemoteExec.Cas.Stores.Segments;

/// <summary>
/// When what was committed is brought to the medium (fsync). It matters when the power fails or the system crashes; that the process is killed loses nothing in
/// any case. And in no case is something present afterwards that is not whole.
/// </summary>
public enum Durability
{
    /// <summary>When the system likes to, and before a checkpoint: what was committed in the last half minute or so may be lost.</summary>
    Fast,

    /// <summary>Within a second in the background, many commits at once: what was committed in that second may be lost.</summary>
    Group,

    /// <summary>Before a commit is acknowledged and the blob visible, as many at once as come together: nothing is lost.</summary>
    Always,
}
