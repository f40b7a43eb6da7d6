using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using RemoteExec.Native;

namespace RemoteExec.Worker.Sandbox.Groups;

/// <summary>
/// The control groups of a worker's actions: one for each launcher, below one of the worker's own, in each hierarchy that has a controller that is wanted. Whatever an earlier worker with
/// the same scratch directory left there is ended and removed. May be called concurrently.
/// </summary>
internal sealed class ControlGroups : IAsyncDisposable
{
    private const string ProcessesFile = "cgroup.procs", SubtreeFile = "cgroup.subtree_control";
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(2);
    private readonly string name;
    private int lastNumber;

    private ControlGroups(IReadOnlyList<Controller> controllers, string name)
    {
        Controllers = controllers;
        this.name = name;
    }

    /// <summary>What can be limited.</summary>
    public IReadOnlyList<Controller> Controllers { get; }

    /// <summary>The worker's group in each hierarchy.</summary>
    public IEnumerable<string> OwnDirectories => Controllers.Select(controller => Path.Combine(controller.Directory, name)).Distinct();

    /// <summary>Takes what can be taken; the problems say what can't, and why. Null if nothing can.</summary>
    /// <param name="root">Where the kernel's file systems are mounted; <c>/</c> but in tests.</param>
    /// <param name="scratch">The worker's scratch directory, which no other worker has.</param>
    public static async Task<(ControlGroups? Groups, IReadOnlyList<string> Problems)> OpenAsync(string root, string scratch)
    {
        string name = NameFor(scratch);
        var told = new List<string>();
        var usable = new List<Controller>();
        IReadOnlyList<Controller> found = Controller.Find(root);
        foreach (string absent in Controller.Wanted.Except(found.Select(controller => controller.Name)))
            told.Add($"no control groups for '{absent}' are mounted, or the one that the worker is in was not given them");
        foreach (IGrouping<string, Controller> place in found.GroupBy(controller => Path.Combine(controller.Directory, name)))
        {
            bool isClear = false;
            foreach (Controller controller in place)
            {
                try
                {
                    if (!isClear)
                        await RemoveAsync(place.Key);
                    isClear = true; // in version 2 one group is for all controllers
                    Take(controller, place.Key);
                    usable.Add(controller);
                }
                catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
                {
                    told.Add($"'{controller.Name}' can't be limited: {exception.Message}");
                }
            }
        }

        return (usable.Count > 0 ? new ControlGroups(usable, name) : null, told);
    }

    /// <summary>The name of the group of a worker with a scratch directory.</summary>
    internal static string NameFor(string scratch) => $"remoteexec-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(scratch)).AsSpan(0, 8))}";

    /// <summary>Makes a group for a launcher.</summary>
    /// <exception cref="IOException">It can't be made.</exception>
    public SlotGroup Make()
    {
        string slot = Interlocked.Increment(ref lastNumber).ToString(CultureInfo.InvariantCulture);
        return new SlotGroup(Controllers.Select(controller => controller with { Directory = Path.Combine(controller.Directory, name, slot) }));
    }

    /// <summary>Removes the worker's group; those of launchers are gone by then.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (string own in OwnDirectories)
            await RemoveAsync(own);
    }

    /// <summary>Removes a group and those below it, after ending what is in them.</summary>
    /// <exception cref="IOException">It is still there.</exception>
    internal static async Task RemoveAsync(string group)
    {
        if (!Directory.Exists(group))
            return;
        foreach (string below in Directory.EnumerateDirectories(group))
            await RemoveAsync(below);
        for (long begin = Environment.TickCount64; ; await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System))
        {
            // What was killed takes a moment to leave.
            foreach (string process in File.ReadLines(Path.Combine(group, ProcessesFile)))
                _ = Libc.Kill(int.Parse(process, CultureInfo.InvariantCulture), Libc.SIGKILL);
            try
            {
                Directory.Delete(group);
                return;
            }
            catch (IOException) when (Environment.TickCount64 - begin < patience.TotalMilliseconds)
            {
            }
        }
    }

    private static void Take(Controller controller, string own)
    {
        if (controller.Version == 2)
            Delegate(controller);
        Directory.CreateDirectory(own);
        if (controller.Version == 2)
            File.WriteAllText(Path.Combine(own, SubtreeFile), $"+{controller.Name}");
    }

    // In version 2 a group has processes or limits those below it, not both: the worker moves to a group of its own, if it was alone in the one that it is in.
    private static void Delegate(Controller controller)
    {
        string subtree = Path.Combine(controller.Directory, SubtreeFile);
        try
        {
            File.WriteAllText(subtree, $"+{controller.Name}");
        }
        catch (IOException)
        {
            string workers = Directory.CreateDirectory(Path.Combine(controller.Directory, Controller.WorkersOwn)).FullName;
            File.WriteAllText(Path.Combine(workers, ProcessesFile), Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
            File.WriteAllText(subtree, $"+{controller.Name}");
        }
    }
}
