namespace RemoteExec.Server.Configuration;

/// <summary>What the log looks like.</summary>
internal enum LogFormat
{
    /// <summary>Lines for people on a terminal, JSON anywhere else.</summary>
    Auto,

    /// <summary>Lines for people.</summary>
    Pretty,

    /// <summary>A JSON object a line.</summary>
    Json,
}
