using RemoteExec.Protocol;

namespace RemoteExec.Worker.Disk;

/// <summary>What an action may take of the disk while it runs.</summary>
/// <param name="Bytes">Bytes of whole blocks, inputs not counted as far as they are shared.</param>
/// <param name="From">Whose limit that is, for people.</param>
internal sealed record DiskLimit(long Bytes, string From)
{
    /// <summary>The limit of a worker, or that of an action if it is narrower.</summary>
    /// <exception cref="InvalidActionException">The action's makes no sense.</exception>
    public static DiskLimit Of(WorkerOptions options, Reapi.Platform? platform)
    {
        var limit = new DiskLimit(options.MaxDiskBytes, "the worker's setting worker.maxDiskBytes");
        foreach (Reapi.Platform.Types.Property property in platform?.Properties ?? [])
        {
            if (property.Name != OutputProperties.MaxDisk)
                continue;
            if (!OutputProperties.TryParse(property.Value, out long value))
                throw new InvalidActionException($"the platform property {property.Name}={property.Value} is no number");
            if (value < limit.Bytes)
                limit = new DiskLimit(value, $"the action's platform property {property.Name}");
        }

        return limit;
    }
}
