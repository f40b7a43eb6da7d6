namespace RemoteExec.Server.Cli;

/// <summary>How a line is meant; on a terminal it shows as a colour.</summary>
internal enum Tone
{
    /// <summary>As it is.</summary>
    Plain,

    /// <summary>To be found at a glance.</summary>
    Strong,

    /// <summary>An aside.</summary>
    Faint,

    /// <summary>Something is well.</summary>
    Good,

    /// <summary>Something went wrong.</summary>
    Bad,
}
