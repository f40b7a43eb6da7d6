using RemoteExec.Native;

namespace RemoteExec.Worker.Inputs;

/// <summary>Makes directories that an action is to find, but that the lower layer of its overlay lacks, in the upper one.</summary>
internal static class UpperLayer
{
    /// <summary>Makes directories, before anything is mounted.</summary>
    /// <param name="lower">The lower layer: an absolute path.</param>
    /// <param name="upper">The upper layer: nothing, or an empty directory.</param>
    /// <param name="created">Paths relative to the root of what the lower layer lacks, outer ones first.</param>
    public static void Make(string lower, InputTarget upper, IReadOnlyList<string> created)
    {
        if (created.Count == 0)
            return;
        upper.MakeDirectory(upper.Root);
        var made = new HashSet<string>(created, StringComparer.Ordinal);
        var both = new List<string>();
        foreach (string path in created)
        {
            foreach (string outer in OuterOf(path))
            {
                if (!made.Add(outer))
                    continue;
                upper.MakeDirectory($"{upper.Root}/{outer}");
                both.Add(outer);
            }

            upper.MakeDirectory($"{upper.Root}/{path}");
        }

        // Of a directory that is in both layers the upper one's mode and time count. Inner ones first: a mode may forbid to go there.
        for (int i = both.Count - 1; i >= 0; i--)
        {
            FileStatus status = FileStatus.Of($"{lower}/{both[i]}")!.Value;
            string path = $"{upper.Root}/{both[i]}";
            File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch.AddSeconds(status.ModifiedSeconds).AddTicks(status.ModifiedNanoseconds / TimeSpan.NanosecondsPerTick));
            File.SetUnixFileMode(path, (UnixFileMode)status.Mode);
        }
    }

    /// <summary>The directories on the way to a path, outer ones first.</summary>
    private static IEnumerable<string> OuterOf(string path)
    {
        for (int slash = path.IndexOf('/'); slash > 0; slash = path.IndexOf('/', slash + 1))
            yield return path[..slash];
    }
}
