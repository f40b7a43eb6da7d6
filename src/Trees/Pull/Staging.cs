using RemoteExec.Native;

namespace RemoteExec.Trees.Pull;

/// <summary>
/// A directory beside the one that is pulled into, <c>.NAME.pull</c>, in which a tree is put together before it takes the other's place. Only its owner may enter it, and only one process at a time
/// uses it. It outlives a pull that is broken off, for the next one to go on.
/// </summary>
internal sealed class Staging : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private readonly string container;
    private readonly FileStream gate;

    private Staging(string container, FileStream gate) => (this.container, this.gate) = (container, gate);

    /// <summary>Where the tree is put together.</summary>
    public string TreePath => Path.Combine(container, "tree");

    /// <summary>Where what is replaced goes if the two can't change places.</summary>
    private string OldPath => Path.Combine(container, "old");

    /// <summary>Makes the directory, or takes over what an earlier pull left of it.</summary>
    /// <param name="target">The directory that is pulled into.</param>
    /// <exception cref="TreeException">Somebody else pulls into it.</exception>
    /// <exception cref="IOException">It can't be made.</exception>
    public static Staging Open(string target)
    {
        string container = ContainerOf(target) ?? throw new TreeException($"'{target}' can't be replaced: name a directory in it");
        Directory.CreateDirectory(Path.GetDirectoryName(container)!);
        Directory.CreateDirectory(container, OwnerOnly);
        try
        {
            var gate = new FileStream(Path.Combine(container, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            return new Staging(container, gate);
        }
        catch (IOException exception) when (exception is not (FileNotFoundException or DirectoryNotFoundException))
        {
            throw new TreeException($"'{target}' is being pulled into by another process: wait for its end", exception);
        }
    }

    /// <summary>Deletes what an earlier pull left, if it left anything.</summary>
    /// <exception cref="TreeException">Somebody else pulls into the directory.</exception>
    /// <exception cref="IOException">Something can't be deleted.</exception>
    public static void DeleteRemains(string target)
    {
        if (!Directory.Exists(ContainerOf(target)))
            return;
        using Staging staging = Open(target);
        staging.Delete();
    }

    /// <summary>Lets the tree take the place of the target, in one step where the file system can do that; what was there before is gone then, or else still there.</summary>
    /// <exception cref="IOException">The target can't be moved.</exception>
    public void Swap(string target)
    {
        if (!Directory.Exists(target))
        {
            FileMoves.Move(TreePath, target);
            return;
        }

        File.SetUnixFileMode(TreePath, File.GetUnixFileMode(target) | OwnerOnly);
        if (FileMoves.TryExchange(TreePath, target))
            return;
        TreeRemoval.Remove(OldPath);
        FileMoves.Move(target, OldPath);
        FileMoves.Move(TreePath, target);
    }

    /// <summary>Deletes it, with what the tree has replaced.</summary>
    /// <exception cref="IOException">Something can't be deleted.</exception>
    public void Delete() => TreeRemoval.Remove(container);

    /// <summary>Lets others have it.</summary>
    public void Dispose() => gate.Dispose();

    private static string? ContainerOf(string target) => Path.GetDirectoryName(target) is { } parent ? Path.Combine(parent, $".{Path.GetFileName(target)}.pull") : null;
}
