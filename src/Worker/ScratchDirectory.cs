using System.Security.Cryptography;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using RemoteExec.Native;
using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Worker;

/// <summary>
/// The worker's place on disk: a directory for each running action, the cache of input files, what is waiting to be deleted, and what
/// <see cref="Caches.NamedCaches"/> keeps. Used by one process at a time. May be called concurrently.
/// </summary>
internal sealed class ScratchDirectory : IAsyncDisposable
{
    /// <summary>Entered by all, listed by none: who runs actions reaches their directories, whose names nobody can guess.</summary>
    internal const UnixFileMode Traversable =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const int DeletionBacklog = 256; // beyond it actions wait for the disk

    private readonly FileStream ownership;
    private readonly string path;
    private readonly string trash;
    private readonly ILogger logger;
    private readonly Channel<(string Directory, bool IsAction)> deletions = Channel.CreateUnbounded<(string, bool)>(new UnboundedChannelOptions { SingleReader = true });
    private readonly SemaphoreSlim backlog = new(DeletionBacklog);
    private readonly Task deleting;

    private ScratchDirectory(string path, FileStream ownership, ILogger logger)
    {
        this.ownership = ownership;
        this.logger = logger;
        this.path = path;
        MountPoint = Path.Combine(path, "mount");
        Actions = Path.Combine(path, "actions");
        Cache = Path.Combine(path, "cache");
        trash = Path.Combine(path, "trash");
        deleting = Task.Run(DeleteAsync);
    }

    /// <summary>Where the actions' directories are.</summary>
    public string Actions { get; }

    /// <summary>Where input files are cached; the worker's alone.</summary>
    public string Cache { get; }

    /// <summary>An empty directory, for processes with mounts of their own to mount on.</summary>
    public string MountPoint { get; }

    /// <summary>The whole of it: an absolute path without symlinks.</summary>
    public string Location => path;

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
            scratch.Enqueue(old, isAction: false);
        Make(scratch.Actions, Traversable);
        DirectorySpread.TryRequest(scratch.Actions);
        Make(scratch.Cache, Private);
        Make(scratch.MountPoint, Private);
        return scratch;
    }

    /// <summary>Makes a directory for an action, whose root and temporary directory belong to <paramref name="user"/>, or to the worker.</summary>
    public ActionDirectory MakeActionDirectory(ActionUser? user) => new(this, Path.Combine(Actions, NewName()), user);

    /// <summary>Finishes deleting, and gives the directory up.</summary>
    public async ValueTask DisposeAsync()
    {
        deletions.Writer.TryComplete();
        await deleting;
        backlog.Dispose();
        await ownership.DisposeAsync();
    }

    /// <summary>Takes an action's directory away at once and deletes it later. Waits while there is much to delete.</summary>
    internal async ValueTask DiscardAsync(string directory)
    {
        string doomed = TakeAway(directory);
        await backlog.WaitAsync();
        Enqueue(doomed, isAction: true);
    }

    /// <summary>Takes a directory away at once and deletes it later.</summary>
    internal void Discard(string directory) => Enqueue(TakeAway(directory), isAction: false);

    internal static void Make(string path, UnixFileMode mode)
    {
        Directory.CreateDirectory(path);
        File.SetUnixFileMode(path, mode); // whatever the umask is
    }

    /// <summary>A name that nobody can guess and nobody else has.</summary>
    internal static string NewName() => RandomNumberGenerator.GetHexString(20, lowercase: true);

    private string TakeAway(string directory)
    {
        string doomed = Path.Combine(trash, NewName());
        Directory.Move(directory, doomed);
        return doomed;
    }

    private void Enqueue(string doomed, bool isAction)
    {
        if (!deletions.Writer.TryWrite((doomed, isAction)))
            throw new ObjectDisposedException(nameof(ScratchDirectory));
    }

    private static async Task KillLeftoversAsync(string actions)
    {
        IEnumerable<uint> users = Directory.EnumerateDirectories(actions)
            .Select(action => FileStatus.Of(ActionDirectory.RootIn(action))?.UserId).OfType<uint>().Distinct();
        foreach (uint user in users.ToArray())
            await ActionUsers.KillLeftoversAsync(user);
    }

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
        await foreach ((string directory, bool isAction) in deletions.Reader.ReadAllAsync())
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

            if (isAction)
                backlog.Release();
        }
    }
}
