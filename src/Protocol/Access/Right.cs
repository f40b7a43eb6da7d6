namespace RemoteExec.Protocol.Access;

/// <summary>What a caller may do. Where a right is asked for, several together mean that one of them will do.</summary>
[Flags]
public enum Right
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Read blobs, and ask which are missing.</summary>
    ReadCas = 1 << 0,

    /// <summary>Write blobs, and ask which are missing.</summary>
    WriteCas = 1 << 1,

    /// <summary>Read results of actions, and look at what builds did.</summary>
    ReadAc = 1 << 2,

    /// <summary>Write results of actions: who has this decides what others' builds get.</summary>
    WriteAc = 1 << 3,

    /// <summary>Have actions executed, and look at them while they are; their results are the scheduler's to write.</summary>
    Execute = 1 << 4,

    /// <summary>Execute actions for others.</summary>
    Work = 1 << 5,

    /// <summary>Look at queues, workers, stores and everybody's operations, cancel and drain.</summary>
    Operate = 1 << 6,

    /// <summary>Call on behalf of somebody else: for servers that carry calls on to each other.</summary>
    Impersonate = 1 << 7,

    /// <summary>All of these, and whatever no other right is for.</summary>
    Admin = 1 << 8,
}
