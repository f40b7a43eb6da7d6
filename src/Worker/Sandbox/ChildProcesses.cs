using System.Globalization;
using System.Runtime.InteropServices;
using RemoteExec.Native;

namespace RemoteExec.Worker.Sandbox;

/// <summary>
/// The child processes of the worker that it did not get from <see cref="System.Diagnostics.Process"/>: those it started as actions, and those
/// it inherited. The worker is a "subreaper": a process whose parent dies becomes the worker's child, however it detached itself. So when the
/// main process of an action has ended, whatever the action left running hangs below a direct child of the worker: no such child, nothing left.
/// </summary>
internal sealed class ChildProcesses
{
    private static readonly string ownChildren = $"/proc/self/task/{Environment.ProcessId}/children"; // of the main thread, who inherits orphans
    private static readonly bool hasOwnChildren = File.Exists(ownChildren);
    private readonly Lock gate = new(); // guards waiting
    private readonly Dictionary<int, TaskCompletionSource<ProcessEnd>> waiting = [];

    // Held for the life of the process: without it nobody would hear of a process that ends.
    private readonly PosixSignalRegistration childSignal;

    private ChildProcesses()
    {
        NativeException.ThrowIfNegative(Libc.PrCtl(Libc.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl(PR_SET_CHILD_SUBREAPER)");
        childSignal = PosixSignalRegistration.Create(PosixSignal.SIGCHLD, _ => CollectEnded());
    }

    /// <summary>Children belong to the process as a whole, so there is one for all sandboxes.</summary>
    public static ChildProcesses Instance { get; } = new();

    /// <summary>
    /// Waits until a child has ended, and collects it: its id may then be given to another process. Each child is to be waited for once.
    /// </summary>
    public Task<ProcessEnd> WaitAsync(int process)
    {
        var ended = new TaskCompletionSource<ProcessEnd>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
            waiting.Add(process, ended);
        CollectEnded();
        return ended.Task;
    }

    /// <summary>The direct children, without those that are waited for.</summary>
    public IReadOnlyList<int> FindOthers()
    {
        // The kernel's list may skip a child while another one ends: only what a second look finds nothing in is empty.
        IReadOnlyList<int> others = ReadOthers();
        return others.Count > 0 ? others : ReadOthers();
    }

    /// <summary>Ends the whole process group of a child that leads one and is waited for, unless it has ended by itself.</summary>
    public void KillGroup(int process) => SignalWaitedFor(process, -process);

    /// <summary>Ends a child that is waited for, unless it has ended by itself.</summary>
    public void Kill(int process) => SignalWaitedFor(process, process);

    private void SignalWaitedFor(int process, int target)
    {
        // A child that is still waited for was not collected, so the id can't belong to another one by now.
        lock (gate)
        {
            if (waiting.ContainsKey(process))
                _ = Libc.Kill(target, Libc.SIGKILL);
        }
    }

    /// <summary>Ends a child that was not waited for yet, and waits until it is gone.</summary>
    public Task<ProcessEnd> KillAsync(int process)
    {
        _ = Libc.Kill(process, Libc.SIGKILL);
        return WaitAsync(process);
    }

    private unsafe void CollectEnded()
    {
        byte* usage = stackalloc byte[Libc.OpaqueBytes];
        lock (gate)
        {
            foreach ((int process, TaskCompletionSource<ProcessEnd> ended) in waiting)
            {
                int status;
                int answer = Libc.Wait4(process, &status, Libc.WNOHANG, usage);
                if (answer == 0)
                    continue;

                // Continuations run elsewhere, so this is but a change in memory.
                waiting.Remove(process);
                if (answer > 0)
                    ended.SetResult(new ProcessEnd(ExitCodeOf(status), ProcessUsage.Parse(new ReadOnlySpan<byte>(usage, Libc.OpaqueBytes))) { Signal = SignalOf(status) });
                else
                    ended.SetException(new NativeException($"somebody else has collected process {process}: how it ended is not known", Libc.ECHILD));
            }
        }
    }

    private List<int> ReadOthers()
    {
        IReadOnlyList<int> children = hasOwnChildren ? ParseIds(File.ReadAllText(ownChildren)) : ScanForChildren();
        lock (gate)
            return [.. children.Where(child => !waiting.ContainsKey(child))];
    }

    /// <summary>The exit code that a status of <c>wait</c> means; 128 + n for signal n.</summary>
    public static int ExitCodeOf(int status) => (status & 0x7F) == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F);

    /// <summary>The signal that a status of <c>wait</c> means; 0 for none.</summary>
    public static int SignalOf(int status) => status & 0x7F;

    private static List<int> ParseIds(string text) =>
        [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(id => int.Parse(id, CultureInfo.InvariantCulture))];

    // For kernels without the list of children.
    private static List<int> ScanForChildren() =>
        [.. ProcessStatus.All().Where(process => process.Parent == Environment.ProcessId).Select(process => process.Id)];
}
