using RemoteExec.Native;

namespace RemoteExec.Trees.Deploy;

/// <summary>The blobs that releases share: each file of a release is a link to one.</summary>
internal static class SharedBlobs
{
    /// <summary>Deletes those that no release uses any more, and what was never completed. Nobody may add any meanwhile.</summary>
    /// <param name="directory">The directory that they are in.</param>
    /// <exception cref="IOException">One can't be deleted.</exception>
    public static void Sweep(string directory)
    {
        if (!Directory.Exists(directory))
            return;
        foreach (string blobs in Directory.GetDirectories(directory, "*", SearchOption.AllDirectories))
        {
            foreach (DirectoryEntry entry in DirectoryEntries.Of(blobs))
            {
                if (entry.Status is { Kind: FileKind.File, Links: 1 })
                    File.Delete($"{blobs}/{entry.Name}");
            }
        }
    }
}
