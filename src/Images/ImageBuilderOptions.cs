using RemoteExec.Protocol;

namespace RemoteExec.Images;

/// <summary>How images are built.</summary>
public sealed record ImageBuilderOptions
{
    /// <summary>The directory where trees of archives are kept between builds.</summary>
    public required string CacheDirectory { get; init; }

    /// <summary>The instance that the image is for.</summary>
    public InstanceName Instance { get; init; }

    /// <summary>The function of its digests: that of the actions that will run in it.</summary>
    public DigestFunction Function { get; init; } = DigestFunction.Sha256;

    /// <summary>How many archives are fetched and unpacked at a time.</summary>
    public int Parallelism { get; init; } = Math.Max(4, Environment.ProcessorCount);
}
