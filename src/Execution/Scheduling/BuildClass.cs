namespace RemoteExec.Execution.Scheduling;

/// <summary>Whether somebody sits and waits for a build.</summary>
public enum BuildClass
{
    /// <summary>Somebody does.</summary>
    Interactive,

    /// <summary>Nobody does, as in continuous integration.</summary>
    Batch,
}
