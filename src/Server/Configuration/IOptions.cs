namespace RemoteExec.Server.Configuration;

/// <summary>A section of the configuration: a sealed record with a default for each property.</summary>
internal interface IOptions
{
    /// <summary>Yields every problem of this section; sections inside it are asked on their own.</summary>
    IEnumerable<OptionProblem> Validate();
}
