using RemoteExec.Cas.Chunking;
using RemoteExec.Protocol;

namespace RemoteExec.Trees.Remote;

/// <summary>What a server's CAS offers, as far as trees use it.</summary>
public sealed record CasFeatures
{
    /// <summary>The digest functions that can be used, the one that the server names first at first; never empty.</summary>
    public required IReadOnlyList<DigestFunction> DigestFunctions { get; init; }

    /// <summary>Whether symlinks may have absolute targets.</summary>
    public bool AbsoluteTargets { get; init; } = true;

    /// <summary>The longest blob in bytes; 0 for any.</summary>
    public long MaxBlobBytes { get; init; }

    /// <summary>Where FastCDC ends chunks, if the server offers it; null if it does not.</summary>
    internal FastCdc? Chunker { get; init; }

    /// <summary>Whether blobs can be taken apart there.</summary>
    internal bool Splits { get; init; }

    /// <summary>Whether blobs can be put together there.</summary>
    internal bool Splices { get; init; }

    /// <summary>The digest function to use where this one is wanted: itself, or what the server names first if it is unknown.</summary>
    /// <exception cref="TreeException">The server has no such function.</exception>
    public DigestFunction Choose(DigestFunction wanted) =>
        wanted == DigestFunction.Unknown ? DigestFunctions[0]
        : DigestFunctions.Contains(wanted) ? wanted
        : throw new TreeException($"the server has no digest function {wanted.Name()}: write --digest-function and one of {string.Join(", ", DigestFunctions.Select(function => function.Name()))}");
}
