namespace RemoteExec.Worker.Caches;

/// <summary>A directory that an action has, to be written to, and that outlives it or not.</summary>
/// <param name="Place">Where the action sees it: relative to the input root, where there is an empty directory then, or absolute.</param>
/// <param name="Source">What it finds there: the absolute path of a directory in the scratch directory.</param>
/// <param name="Changes">
/// Where what it writes goes, if not into <paramref name="Source"/>: a directory with two empty ones, <c>upper</c> and <c>work</c>, for an overlay.
/// </param>
internal sealed record CacheMount(string Place, string Source, string? Changes)
{
    /// <summary>True if the place begins at the root of the file system.</summary>
    public bool IsAbsolute => Place.StartsWith('/');
}
