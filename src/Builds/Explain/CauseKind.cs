namespace RemoteExec.Builds.Explain;

/// <summary>Why an action missed. A closed set, so that causes can be counted.</summary>
public enum CauseKind
{
    /// <summary>No earlier action makes these outputs for this target.</summary>
    FirstSeen,

    /// <summary>The very same action was seen before: its result was never stored, has left the cache, or was not asked for.</summary>
    ResultGone,

    /// <summary>An earlier action with the same inputs made another output when it ran again, and this one takes that for an input.</summary>
    NotReproducible,

    /// <summary>The client has not uploaded what would have to be compared.</summary>
    NotUploaded,

    /// <summary>The earlier action, or this one, is not in the CAS any more.</summary>
    NotComparable,

    /// <summary>The program, or a tool that it needs, is another one.</summary>
    Toolchain,

    /// <summary>A property of the platform.</summary>
    Platform,

    /// <summary>A variable of the environment.</summary>
    Environment,

    /// <summary>An argument of the command.</summary>
    Argument,

    /// <summary>The order of the arguments.</summary>
    ArgumentOrder,

    /// <summary>Where the command runs.</summary>
    WorkingDirectory,

    /// <summary>The build's configuration: the same outputs, below another directory.</summary>
    Configuration,

    /// <summary>The content of an input.</summary>
    InputChanged,

    /// <summary>An input that the earlier action lacks.</summary>
    InputAdded,

    /// <summary>An input that only the earlier action has.</summary>
    InputRemoved,

    /// <summary>An input under another name.</summary>
    InputRenamed,

    /// <summary>Something about an input beside its content: whether it can be executed, its kind, its properties.</summary>
    InputMetadata,

    /// <summary>Where a symlink among the inputs leads.</summary>
    Symlink,

    /// <summary>Inputs, of which it is not known which: the client uploaded no input tree.</summary>
    Inputs,

    /// <summary>The outputs that are declared.</summary>
    Outputs,

    /// <summary>The timeout.</summary>
    Timeout,

    /// <summary>The salt.</summary>
    Salt,

    /// <summary>Whether the result may be cached.</summary>
    Caching,

    /// <summary>How the messages are encoded; what they say is the same.</summary>
    Encoding,
}
