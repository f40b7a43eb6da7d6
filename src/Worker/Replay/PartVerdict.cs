namespace RemoteExec.Worker.Replay;

/// <summary>How a part of a result compares.</summary>
public enum PartVerdict
{
    /// <summary>Both are equal.</summary>
    Same,

    /// <summary>Both have it, but not the same.</summary>
    Differs,

    /// <summary>The result has it, the replay has not.</summary>
    Missing,

    /// <summary>The replay has it, the result has not.</summary>
    New,
}
