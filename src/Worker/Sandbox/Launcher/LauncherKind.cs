namespace RemoteExec.Worker.Sandbox.Launcher;

/// <summary>What actions of a launcher have in common beyond what all have.</summary>
/// <param name="Network">True if they reach the machine's network.</param>
/// <param name="Places">Further directories in the root, to mount something at: absolute paths, each ended by NUL.</param>
internal sealed record LauncherKind(bool Network, string Places)
{
    /// <summary>The kind with these directories.</summary>
    public static LauncherKind Of(bool network, IEnumerable<string> places) =>
        new(network, string.Concat(places.Order(StringComparer.Ordinal).Select(place => $"{place}\0")));

    /// <summary>The directories.</summary>
    public IEnumerable<string> PlacePaths => Places.Split('\0', StringSplitOptions.RemoveEmptyEntries);
}
