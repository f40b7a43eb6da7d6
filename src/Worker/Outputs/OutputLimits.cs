using RemoteExec.Protocol;

namespace RemoteExec.Worker.Outputs;

/// <summary>What the outputs of an action may have together. Standard output and error do not count: they are cut off by themselves.</summary>
/// <param name="MaxBytes">Bytes of files, each counted as long as it seems, also where it has holes.</param>
/// <param name="BytesFrom">Whose limit that is, for people.</param>
/// <param name="MaxFiles">Files, directories and symlinks.</param>
/// <param name="FilesFrom">Whose limit that is, for people.</param>
internal sealed record OutputLimits(long MaxBytes, string BytesFrom, long MaxFiles, string FilesFrom)
{
    /// <summary>The limits of a worker, and those of an action where they are narrower.</summary>
    /// <exception cref="InvalidActionException">The action's make no sense.</exception>
    public static OutputLimits Of(WorkerOptions options, Reapi.Platform? platform)
    {
        var limits = new OutputLimits(options.MaxOutputBytes, "the worker's setting worker.maxOutputBytes", options.MaxOutputFiles, "the worker's setting worker.maxOutputFiles");
        foreach (Reapi.Platform.Types.Property property in platform?.Properties ?? [])
        {
            if (!OutputProperties.Has(property.Name))
                continue;
            if (!OutputProperties.TryParse(property.Value, out long value))
                throw new InvalidActionException($"the platform property {property.Name}={property.Value} is no number");
            string from = $"the action's platform property {property.Name}";
            if (property.Name == OutputProperties.MaxBytes && value < limits.MaxBytes)
                limits = limits with { MaxBytes = value, BytesFrom = from };
            else if (property.Name == OutputProperties.MaxFiles && value < limits.MaxFiles)
                limits = limits with { MaxFiles = value, FilesFrom = from };
        }

        return limits;
    }
}
