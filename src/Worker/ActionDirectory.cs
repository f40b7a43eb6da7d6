using RemoteExec.Native;
using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Worker;

/// <summary>
/// The directory of one action: its input root, its temporary directory and, beside them, where it can't replace them, the files with its output.
/// Gone, for everybody, when it is disposed.
/// </summary>
internal sealed class ActionDirectory : IAsyncDisposable
{
    private const UnixFileMode Traversable =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private const UnixFileMode Listable = Traversable | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private readonly ScratchDirectory scratch;
    private readonly string path;

    internal ActionDirectory(ScratchDirectory scratch, string path, ActionUser? user)
    {
        this.scratch = scratch;
        this.path = path;
        User = user;
        Root = RootIn(path);
        Temporary = Path.Combine(path, "tmp");
        StdoutPath = Path.Combine(path, "stdout");
        StderrPath = Path.Combine(path, "stderr");
        ScratchDirectory.Make(path, Traversable);
        ScratchDirectory.Make(Root, Private);
        ScratchDirectory.Make(Temporary, Private);
        GiveAway(Root);
        GiveAway(Temporary);
    }

    /// <summary>The user the action runs as; null for the worker's own.</summary>
    public ActionUser? User { get; }

    /// <summary>The input root: an absolute path without symlinks.</summary>
    public string Root { get; }

    /// <summary>The upper layer, if the root is an overlay.</summary>
    public string Upper => Path.Combine(path, "upper");

    /// <summary>For temporary files of the action.</summary>
    public string Temporary { get; }

    /// <summary>Standard output goes here.</summary>
    public string StdoutPath { get; }

    /// <summary>Standard error goes here.</summary>
    public string StderrPath { get; }

    /// <summary>What the action looked at, if that was written down.</summary>
    public string AuditPath => Path.Combine(path, "audit");

    /// <summary>The whole of it.</summary>
    public string Location => path;

    /// <summary>A path that is relative to the root, made absolute.</summary>
    public string PathOf(string relative) => relative.Length == 0 ? Root : Path.GetFullPath(Path.Combine(Root, relative));

    /// <summary>Makes what an overlay needs besides its lower layer: an upper one, if it is not there, which belongs to the action, and a directory for the kernel's own use.</summary>
    public (string Upper, string Work) MakeOverlay()
    {
        string work = Path.Combine(path, "work");
        ScratchDirectory.Make(Upper, Listable);
        ScratchDirectory.Make(work, Private);
        GiveAway(Upper);
        return (Upper, work);
    }

    /// <summary>Where the changes go that the action makes to one of its caches.</summary>
    public string ChangesOf(int cache) => Path.Combine(path, $"cache-{cache}");

    /// <summary>Makes a directory with the places at which a root file system has to have something mounted.</summary>
    /// <param name="more">Further places: absolute paths.</param>
    public string MakeFrame(IEnumerable<string> more)
    {
        string frame = Path.Combine(path, "frame");
        foreach (string place in (string[])["/", "/dev", "/proc", "/tmp", NamespaceSandbox.Root, .. more])
            MakePlace(frame, place);
        return frame;
    }

    /// <summary>Makes a directory for something to be mounted at, in the temporary directory.</summary>
    /// <param name="relative">Its path there.</param>
    public void MakeTemporaryPlace(string relative) => MakePlace(Temporary, relative);

    /// <summary>Deletes it all.</summary>
    public ValueTask DisposeAsync() => scratch.DiscardAsync(path);

    private static void MakePlace(string root, string place)
    {
        for (int slash = 0; slash >= 0; slash = place.IndexOf('/', slash + 1))
            ScratchDirectory.Make(Path.Join(root, place[..slash]), Listable);
        ScratchDirectory.Make(Path.Join(root, place), Listable);
    }

    internal static string RootIn(string actionDirectory) => Path.Combine(actionDirectory, "root");

    /// <summary>Makes something in the root the action's own, so that it may change it.</summary>
    internal void GiveAway(string file)
    {
        if (User is { } user)
            NativeException.ThrowIfNegative(Libc.LChOwn(file, user.Id, user.Id), $"changing the owner of '{file}'");
    }
}
