namespace RemoteExec.Execution.Operators;

/// <summary>No worker that is known has such a name.</summary>
/// <param name="name">The name, or the beginning of one and a <c>*</c>.</param>
public sealed class WorkerNotFoundException(string name)
    : Exception($"no worker '{name}' is connected: list the names with 'remoteexec workers list'; a * at the end stands for anything")
{
    /// <summary>What was asked for.</summary>
    public string Name { get; } = name;
}
