using System.Security.Cryptography;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using RemoteExec.Worker.Native;
using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Worker;

/// <summary>
/// The worker's place on disk: a directory for each running action, the cache of input files, and what is waiting to be deleted. Used by one
/// process at a time. May be called concurrently.
/// </summary>
internal sealed class ScratchDirectory : IAsyncDisposable
{
    // Entered by all, listed by none: an action reaches its own directory, whose name nobody can guess.
    private const UnixFileMode Traversable =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const int DeletionBacklog = 256; // beyond it actions wait for the disk

    private readonly FileStream ownership;
    private readonly string trash;
    private readonly ILogger logger;
    private readonly Channel<string> deletions = Channel.CreateBounded<string>(new BoundedChannelOptions(DeletionBacklog) { SingleReader = true });
    private readonly Task deleting;

    private ScratchDirectory(string path, FileStream ownership, ILogger logger)
    {
        this.ownership = ownership;
        this.logger = logger;
        Actions = Path.Combine(path, "actions");
        Cache = Path.Combine(path, "cache");
        trash = Path.Combine(path, "trash");
        deleting = Task.Run(DeleteAsync);
    }

    /// <summary>Where the actions' directories are.</summary>
    public string Actions { get; }

    /// <summary>Where input files are cached; the worker's alone.</summary>
    public string Cache { get; }

    /// <summary>Takes a directory into use, after ending and deleting what a worker before left in it.</summary>
    /// <exception cref="IOException">Another worker uses it, or it can't be made.</exception>
    public static async Task<ScratchDirectory> OpenAsync(string path, ILogger logger)
    {
        Make(path, Traversable);
        path = RealPath(path);
        FileStream ownership;
        try
        {
            ownership = new FileStream(Path.Combine(path, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception)
        {
            throw new IOException($"'{path}' is the scratch directory of another worker: give each worker one of its own", exception);
        }

        var scratch = new ScratchDirectory(path, ownership, logger);
        Make(scratch.trash, Private);
        foreach (string name in (string[])["actions", "cache"])
        {
            // Not deleted here: that may take long, and the worker is to start.
            string old = Path.Combine(path, name);
            if (!Directory.Exists(old))
                continue;
            string doomed = Path.Combine(scratch.trash, NewName());
            Directory.Move(old, doomed);
            if (name == "actions")
                await KillLeftoversAsync(doomed);
        }

        foreach (string old in Directory.EnumerateDirectories(scratch.trash))
            await scratch.deletions.Writer.WriteAsync(old);
        Make(scratch.Actions, Traversable);
        DirectorySpread.TryRequest(scratch.Actions);
        Make(scratch.Cache, Private);
        return scratch;
    }

    /// <summary>Makes a directory for an action, whose root and temporary directory belong to <paramref name="user"/>, or to the worker.</summary>
    public ActionDirectory MakeActionDirectory(ActionUser? user) => new(this, Path.Combine(Actions, NewName()), user);

    /// <summary>Finishes deleting, and gives the directory up.</summary>
    public async ValueTask DisposeAsync()
    {
        deletions.Writer.TryComplete();
        await deleting;
        await ownership.DisposeAsync();
    }

    /// <summary>Takes a directory away at once and deletes it later.</summary>
    internal ValueTask DiscardAsync(string directory)
    {
        string doomed = Path.Combine(trash, NewName());
        Directory.Move(directory, doomed);
        return deletions.Writer.WriteAsync(doomed);
    }

    internal static void Make(string path, UnixFileMode mode)
    {
        Directory.CreateDirectory(path);
        File.SetUnixFileMode(path, mode); // whatever the umask is
    }

    private static async Task KillLeftoversAsync(string actions)
    {
        IEnumerable<uint> users = Directory.EnumerateDirectories(actions)
            .Select(action => FileStatus.Of(ActionDirectory.RootIn(action))?.UserId).OfType<uint>().Distinct();
        foreach (uint user in users.ToArray())
            await ActionUsers.KillLeftoversAsync(user);
    }

    private static string NewName() => RandomNumberGenerator.GetHexString(20, lowercase: true);

    // Actions see the real path as their current directory, so symlinks they make name it.
    private static string RealPath(string path)
    {
        string real = "/";
        foreach (string segment in Path.GetFullPath(path).Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            real = Path.Combine(real, segment);
            if (new DirectoryInfo(real).ResolveLinkTarget(returnFinalTarget: true) is { } target)
                real = RealPath(target.FullName);
        }

        return real;
    }

    private async Task DeleteAsync()
    {
        await foreach (string directory in deletions.Reader.ReadAllAsync())
        {
            try
            {
                await TreeDeletion.DeleteAsync(directory);
            }
            catch (Exception exception)
            {
                // Whatever it is, the next directory is not to blame. This one stays, and is tried again when the worker starts next.
                WorkerLog.DeletionFailed(logger, exception, directory);
            }
        }
    }
}
