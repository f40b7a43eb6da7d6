using RemoteExec.Protocol.Operators;

namespace RemoteExec.Server.Cli.Top;

/// <summary>An action that runs.</summary>
/// <param name="RunningSeconds">For how long.</param>
/// <param name="Workers">Where: more than one if it was tried again, or is tried twice.</param>
/// <param name="Mnemonic">What kind of action it is; empty if the client does not say, as with the target and the build.</param>
/// <param name="Target">The target it is for.</param>
/// <param name="Invocation">The build that waits for it.</param>
/// <param name="Operation">The name of its operation.</param>
/// <param name="Action">Its digest, <c>hash/size</c>.</param>
internal sealed record TopAction(double RunningSeconds, IReadOnlyList<string> Workers, string Mnemonic, string Target, string Invocation, string Operation, string Action)
{
    /// <summary>Those of some operations that run, the longest first.</summary>
    public static IReadOnlyList<TopAction> Of(ListOperationsResponse operations, DateTimeOffset now) =>
    [
        .. operations.Operations.Where(operation => operation.Started is not null)
            .Select(operation => new TopAction(
                Math.Max(0, (now - operation.Started.ToDateTimeOffset()).TotalSeconds), operation.Workers, operation.Mnemonic, operation.Target, operation.Invocation, operation.Name, operation.Action))
            .OrderByDescending(action => action.RunningSeconds),
    ];
}
