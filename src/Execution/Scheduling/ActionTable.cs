using System.Diagnostics.CodeAnalysis;
using RemoteExec.Protocol;

namespace RemoteExec.Execution.Scheduling;

/// <summary>Executions by the digest of their action, one for each. The digests stay where they are.</summary>
internal sealed class ActionTable
{
    private readonly HashSet<Execution> executions = new(new ByAction());

    /// <summary>Finds that of an action.</summary>
    public bool TryGet(Digest action, [NotNullWhen(true)] out Execution? execution) =>
        executions.GetAlternateLookup<Digest>().TryGetValue(action, out execution);

    /// <summary>Puts one in the place of that of the same action.</summary>
    public void Set(Execution execution)
    {
        executions.Remove(execution);
        executions.Add(execution);
    }

    /// <summary>Removes that of the same action.</summary>
    public void Remove(Execution execution) => executions.Remove(execution);

    private sealed class ByAction : IEqualityComparer<Execution>, IAlternateEqualityComparer<Digest, Execution>
    {
        public bool Equals(Execution? x, Execution? y) => x is null ? y is null : y is not null && x.Action.Digest.Equals(y.Action.Digest);

        public int GetHashCode(Execution obj) => obj.Action.Digest.GetHashCode();

        public bool Equals(Digest alternate, Execution other) => alternate.Equals(other.Action.Digest);

        public int GetHashCode(Digest alternate) => alternate.GetHashCode();

        public Execution Create(Digest alternate) => throw new NotSupportedException("a digest alone makes no execution");
    }
}
