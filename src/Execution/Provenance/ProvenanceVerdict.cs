using RemoteExec.Protocol.Provenances;

namespace RemoteExec.Execution.Provenance;

/// <summary>Whether a result is what was signed.</summary>
public abstract record ProvenanceVerdict
{
    private ProvenanceVerdict()
    {
    }

    /// <summary>It is.</summary>
    /// <param name="Statement">What was signed.</param>
    /// <param name="Key">With which key: the SHA-256 of its public half, in hex.</param>
    public sealed record Good(Statement Statement, string Key) : ProvenanceVerdict;

    /// <summary>Nothing was signed of it.</summary>
    public sealed record Unsigned : ProvenanceVerdict;

    /// <summary>It is not, or that can't be said.</summary>
    /// <param name="Reason">Why, for a person.</param>
    public sealed record Bad(string Reason) : ProvenanceVerdict;
}
