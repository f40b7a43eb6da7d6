namespace RemoteExec.Execution.Operations;

/// <summary>There is no such operation: never was, or it was deleted, or it has been done for too long (WEX-02).</summary>
public sealed class OperationNotFoundException(string name)
    : Exception(
        $"there is no operation '{(name.Length <= 300 ? name : name[..300] + "…")}' here; "
        + "if it was, it has been done for long, or the server was restarted: execute the action again")
{
    /// <summary>The name that was asked for.</summary>
    public string Name { get; } = name;
}
