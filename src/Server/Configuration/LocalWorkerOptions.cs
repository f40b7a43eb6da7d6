namespace RemoteExec.Server.Configuration;

/// <summary>The worker inside the server, or the one that <c>remoteexec worker</c> starts.</summary>
internal sealed record LocalWorkerOptions : IOptions
{
    /// <summary>How many actions run at a time; 0 for a server that is a cache only. Without it, one for each core.</summary>
    public int? Slots { get; init; }

    /// <summary>The worker's name in results; the host's name without it.</summary>
    public string? Name { get; init; }

    /// <summary>What the worker offers: properties and their values, which an action's platform is matched with.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Platform { get; init; } = new Dictionary<string, IReadOnlyList<string>>
    {
        ["OSFamily"] = ["linux"],
    };

    /// <summary>Where actions run; best on the disk of the CAS. Without it, a directory in the data directory. Emptied at the start.</summary>
    public string? Scratch { get; init; }

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (Slots is < 0 or > 10_000)
            yield return new(nameof(Slots), "must be between 0 and 10000");
    }
}
