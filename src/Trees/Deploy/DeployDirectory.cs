using RemoteExec.Native;
using RemoteExec.Trees.Local;

namespace RemoteExec.Trees.Deploy;

/// <summary>
/// A directory of this machine in which releases are: each in <c>releases</c> under its hash, a symlink <c>current</c> to the one in service, and in <c>.deploy</c> what is known of them, with the blobs that they share.
/// </summary>
public sealed class DeployDirectory
{
    private const string Releases = "releases";
    private const int MinHashLength = 32;

    private DeployDirectory(string path)
    {
        Path = path;
        Files = new StateFiles(System.IO.Path.Combine(StatePath, "trees"));
    }

    /// <summary>Its absolute path.</summary>
    public string Path { get; }

    /// <summary>The symlink to the release in service.</summary>
    public string CurrentPath => System.IO.Path.Combine(Path, "current");

    /// <summary>The name of the release in service; null for none.</summary>
    /// <exception cref="TreeException">What is there was not made by a deployment.</exception>
    public string? Current => FileStatus.Of(CurrentPath) switch
    {
        null => null,
        { Kind: FileKind.Symlink } when FileStatus.TargetOf(CurrentPath)?.Split('/') is [Releases, string name] && IsName(name) => name,
        _ => throw new TreeException($"'{CurrentPath}' is not of a deployment: name another directory, or move it away"),
    };

    /// <summary>What is known of the directories of releases.</summary>
    internal StateFiles Files { get; }

    /// <summary>What is known of the releases.</summary>
    internal string RecordPath => System.IO.Path.Combine(StatePath, "releases.json");

    /// <summary>The blobs that releases share.</summary>
    internal string BlobsPath => System.IO.Path.Combine(StatePath, "blobs");

    /// <summary>Whoever changes anything holds this file.</summary>
    internal string LockPath => System.IO.Path.Combine(StatePath, "lock");

    /// <summary>Where directories go that are being deleted.</summary>
    private string TrashPath => System.IO.Path.Combine(StatePath, "trash");

    private string StatePath => System.IO.Path.Combine(Path, ".deploy");

    /// <summary>A directory; it need not be there.</summary>
    /// <exception cref="TreeException">It is no directory.</exception>
    public static DeployDirectory At(string path) => new(LocalPath.Resolve(path) ?? System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path)));

    /// <summary>The directory of a release.</summary>
    public string PathOf(string name) => System.IO.Path.Combine(Path, Releases, name);

    /// <summary>Makes sure that something was deployed here.</summary>
    /// <exception cref="TreeException">Nothing was.</exception>
    internal void CheckUsed()
    {
        if (!File.Exists(RecordPath))
            throw new TreeException($"nothing was deployed into '{Path}' yet");
    }

    /// <summary>Makes it, if it is not there.</summary>
    /// <exception cref="TreeException">Something else is there.</exception>
    /// <exception cref="IOException">It can't be made.</exception>
    internal void Create()
    {
        _ = Current;
        Directory.CreateDirectory(System.IO.Path.Combine(Path, Releases));
        Directory.CreateDirectory(StatePath, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>Puts another release into service, in one step: everybody sees the one or the other.</summary>
    /// <param name="name">Its name; null for none.</param>
    /// <exception cref="IOException">The symlink can't be replaced.</exception>
    internal void Flip(string? name)
    {
        if (name is null)
        {
            File.Delete(CurrentPath);
            return;
        }

        string next = System.IO.Path.Combine(StatePath, "current"); // it leads somewhere only from its place
        File.Delete(next);
        File.CreateSymbolicLink(next, $"{Releases}/{name}");
        FileMoves.Move(next, CurrentPath);
    }

    /// <summary>Deletes releases, each in one step, and what else is left of those that were never completed.</summary>
    /// <param name="kept">The names of those that stay.</param>
    /// <returns>The names of those that are gone.</returns>
    /// <exception cref="IOException">Something can't be deleted.</exception>
    internal IReadOnlyList<string> DeleteAllBut(IReadOnlySet<string> kept)
    {
        var deleted = new List<string>();
        foreach (string path in Directory.GetDirectories(System.IO.Path.Combine(Path, Releases)))
        {
            string name = System.IO.Path.GetFileName(path), of = name.StartsWith('.') && name.EndsWith(".pull", StringComparison.Ordinal) ? name[1..^5] : name;
            if (!IsName(of) || kept.Contains(of))
                continue;
            TreeRemoval.Remove(TrashPath);
            FileMoves.Move(path, TrashPath);
            Files.Forget(path);
            if (name == of)
                deleted.Add(name);
        }

        TreeRemoval.Remove(TrashPath);
        return deleted;
    }

    // What somebody has put there himself has another name.
    private static bool IsName(string name) => name.Length >= MinHashLength && name.All(char.IsAsciiHexDigitLower);
}
