namespace RemoteExec.Server.Configuration;

/// <summary>The log, on standard error. Calls that are traced have the ids of their trace and span in it.</summary>
internal sealed record LogOptions : IOptions
{
    /// <summary>What it looks like: `pretty` for lines that people read, `json` for an object a line, `auto` for the first on a terminal and the second anywhere else.</summary>
    public LogFormat Format { get; init; }

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate() => [];
}
