using ChunkingFunction = Build.Bazel.Remote.Execution.V2.ChunkingFunction.Types.Value;

namespace RemoteExec.Cas.Chunking;

/// <summary>The chunking functions of the API, with the sizes that it recommends, which are advertised (CAS-37 to CAS-39).</summary>
public static class Chunkers
{
    /// <summary>The average length of FastCDC's chunks.</summary>
    public const int FastCdcAverageBytes = 512 * 1024;

    /// <summary>The seed of FastCDC.</summary>
    public const uint FastCdcSeed = 0;

    /// <summary>The length of RepMaxCDC's shortest chunks.</summary>
    public const int RepMaxCdcMinBytes = 256 * 1024;

    /// <summary>How far RepMaxCDC looks for the best end.</summary>
    public const int RepMaxCdcHorizonBytes = 8 * RepMaxCdcMinBytes;

    private static readonly FastCdc fastCdc = new(FastCdcAverageBytes, FastCdcSeed);
    private static readonly RepMaxCdc repMaxCdc = new(RepMaxCdcMinBytes, RepMaxCdcHorizonBytes);

    /// <summary>The function to use where this one is wanted: itself if it is offered, else FastCDC (CAS-36).</summary>
    internal static ChunkingFunction Choose(ChunkingFunction wanted) =>
        wanted == ChunkingFunction.RepMaxCdc ? wanted : ChunkingFunction.FastCdc2020;

    /// <summary>The chunker of a function that <see cref="Choose"/> gave.</summary>
    internal static IChunker Of(ChunkingFunction chosen) => chosen == ChunkingFunction.RepMaxCdc ? repMaxCdc : fastCdc;
}
