using RemoteExec.Protocol;

namespace RemoteExec.Execution.Operations;

/// <summary>Tells the instance of an operation, for those who have only its name.</summary>
public static class OperationInstance
{
    /// <summary>The instance; null if this is no name of an operation.</summary>
    public static InstanceName? Of(string operationName) => OperationName.TryParse(operationName, out OperationName name) ? name.Instance : null;
}
