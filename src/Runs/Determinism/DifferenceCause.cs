namespace RemoteExec.Runs.Determinism;

/// <summary>What often makes the outputs of a command differ from run to run.</summary>
public enum DifferenceCause
{
    /// <summary>The time of the run is in it.</summary>
    Timestamp,

    /// <summary>The times of files are in an archive.</summary>
    FileTimes,

    /// <summary>The owners of files are in an archive.</summary>
    Owners,

    /// <summary>The same things in another order.</summary>
    Order,

    /// <summary>A path of the directory that it ran in.</summary>
    Path,

    /// <summary>The name of the machine that it ran on.</summary>
    HostName,

    /// <summary>An identifier that is made at random.</summary>
    RandomId,

    /// <summary>A number that is another one each time: of a process, a counter, a random one.</summary>
    Number,
}
