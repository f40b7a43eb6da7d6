namespace RemoteExec.Worker.Audit;

/// <summary>What an action did with a path, an address or the machine; the letters are those of the launcher's record.</summary>
internal enum AccessKind
{
    /// <summary>Opened it for reading.</summary>
    Read = 'r',

    /// <summary>Opened it for writing.</summary>
    Written = 'w',

    /// <summary>Executed it.</summary>
    Executed = 'x',

    /// <summary>Looked whether it is there, and what it is.</summary>
    Seen = 's',

    /// <summary>Connected to it: a UNIX socket.</summary>
    Socket = 'u',

    /// <summary>Connected or sent to it: an address.</summary>
    Network = 'c',

    /// <summary>Called it, to ask about the machine.</summary>
    MachineCall = 'm',

    /// <summary>There was more.</summary>
    Cut = 'o',
}
