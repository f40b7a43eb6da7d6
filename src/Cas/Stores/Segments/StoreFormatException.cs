namespace RemoteExec.Cas.Stores.Segments;

/// <summary>A directory is not a store that this version can read; nothing in it was changed.</summary>
public sealed class StoreFormatException(string path, string problem) : CasException($"'{path}' can't be opened as a store: {problem}")
{
    /// <summary>The directory.</summary>
    public string Path { get; } = path;
}
