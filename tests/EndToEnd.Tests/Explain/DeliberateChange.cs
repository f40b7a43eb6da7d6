namespace RemoteExec.EndToEnd.Tests.Explain;

/// <summary>Something that is changed between two builds, and the cause that is to be named for what is built again.</summary>
/// <param name="What">The change, for people.</param>
/// <param name="Target">The package below <c>//cases</c> that it changes; its target <c>t</c> is built again because of it.</param>
/// <param name="Kind">The kind of the cause.</param>
/// <param name="Sentence">The cause itself; <c>…</c> stands for what differs from build to build.</param>
internal sealed record DeliberateChange(string What, string Target, string Kind, string Sentence)
{
    /// <summary>Its rules before.</summary>
    public string Before { get; init; } = "";

    /// <summary>The same after; empty if they stay as they are.</summary>
    public string After { get; init; } = "";

    /// <summary>Its files before.</summary>
    public IReadOnlyDictionary<string, string> FilesBefore { get; init; } = new Dictionary<string, string>();

    /// <summary>The same after; empty if they stay as they are.</summary>
    public IReadOnlyDictionary<string, string> FilesAfter { get; init; } = new Dictionary<string, string>();

    /// <summary>Flags of the second build alone. Changes that have the same are built together.</summary>
    public string Flags { get; init; } = "";

    /// <summary>The mnemonic of the action to be explained.</summary>
    public string Mnemonic { get; init; } = "Run";

    /// <inheritdoc/>
    public override string ToString() => What;
}
