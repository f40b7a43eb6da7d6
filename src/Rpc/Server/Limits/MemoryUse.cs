namespace RemoteExec.Rpc.Server.Limits;

/// <summary>What memory is wanted for: who is told to come again first when it is short.</summary>
public enum MemoryUse
{
    /// <summary>Uploads and whatever else brings content: first.</summary>
    Write,

    /// <summary>Reading content: second.</summary>
    Read,

    /// <summary>Look-ups, health, results of workers: last, since builds go on with these alone, and what they take is little.</summary>
    LookUp,
}
