namespace RemoteExec.Server.Api;

/// <summary>A parameter in the query of a request to the API.</summary>
/// <param name="Name">Its name.</param>
/// <param name="About">What it does.</param>
internal sealed record ApiParameter(string Name, string About)
{
    /// <summary>The instance of what is asked for.</summary>
    public static ApiParameter Instance { get; } = new("instance", "The instance; without it the one without a name.");

    /// <summary>The digest function of what is asked for.</summary>
    public static ApiParameter DigestFunction { get; } = new("digestFunction", "The digest function, such as blake3, where the length of the hash does not tell.");

    /// <summary>How much of a list is wanted.</summary>
    public static ApiParameter Limit { get; } = new("limit", $"At most so many, up to {ApiQuery.MostItems}.") { Type = "integer" };

    /// <summary>Where a list goes on.</summary>
    public static ApiParameter After { get; } = new("after", "What follows an answer: its next.");

    /// <summary>Its type in JSON.</summary>
    public string Type { get; init; } = "string";

    /// <summary>What it may be, if that is one of a few words.</summary>
    public IReadOnlyList<string>? Words { get; init; }

    /// <summary>True if it may be given several times.</summary>
    public bool Repeats { get; init; }

    /// <summary>A parameter that is one of the words for the values of an enum.</summary>
    public static ApiParameter Of<T>(string name, string about, bool repeats = false)
        where T : struct, Enum =>
        new(name, about) { Words = [.. Enum.GetValues<T>().Select(ApiQuery.WordFor)], Repeats = repeats };
}
