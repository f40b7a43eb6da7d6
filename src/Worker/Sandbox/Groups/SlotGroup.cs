using System.Buffers.Text;
using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace RemoteExec.Worker.Sandbox.Groups;

/// <summary>
/// The control groups of one launcher: whatever it starts is born in them, so that an action costs no move. Limits are changed between actions, and only if they differ.
/// </summary>
internal sealed class SlotGroup : IAsyncDisposable
{
    private const long SharesPerCore = 1024, WeightPerCore = 100; // the defaults of a group in version 1 and 2
    private const long MinShares = 2, MaxShares = 262_144, MinWeight = 1, MaxWeight = 10_000;
    private const int MostEventBytes = 1024;
    private readonly Controller[] controllers;
    private readonly SafeFileHandle? memoryEvents; // open, as it is read around each action
    private SandboxLimits limits;

    private static ReadOnlySpan<byte> KillsField => "oom_kill "u8;

    /// <summary>Makes the groups.</summary>
    /// <exception cref="IOException">They can't be made.</exception>
    internal SlotGroup(IEnumerable<Controller> controllers)
    {
        this.controllers = [.. controllers];
        foreach (Controller controller in this.controllers)
            Directory.CreateDirectory(controller.Directory);
        Controller memory = this.controllers.FirstOrDefault(controller => controller.Name == "memory");
        if (memory.Name is not null)
            memoryEvents = File.OpenHandle(Path.Combine(memory.Directory, memory.Version == 1 ? "memory.oom_control" : "memory.events"));
    }

    /// <summary>Moves a process into the groups.</summary>
    /// <exception cref="IOException">It can't be moved.</exception>
    public void Add(int process)
    {
        foreach (string directory in controllers.Select(controller => controller.Directory).Distinct())
            File.WriteAllText(Path.Combine(directory, "cgroup.procs"), process.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Sets the limits of the next action.</summary>
    /// <exception cref="IOException">The kernel refuses one.</exception>
    public void SetLimits(SandboxLimits wanted)
    {
        if (wanted == limits)
            return;
        foreach (Controller controller in controllers)
            Set(controller, wanted);
        limits = wanted;
    }

    /// <summary>How many processes the kernel has killed in the group because its memory was used up.</summary>
    public long CountMemoryKills()
    {
        if (memoryEvents is null)
            return 0;
        Span<byte> text = stackalloc byte[MostEventBytes];
        text = text[..RandomAccess.Read(memoryEvents, text, 0)];
        ReadOnlySpan<byte> number = text[(text.IndexOf(KillsField) + KillsField.Length)..];
        return Utf8Parser.TryParse(number, out long kills, out int _) ? kills : throw new IOException("the kernel does not tell how often memory was used up");
    }

    /// <summary>Removes the groups.</summary>
    public async ValueTask DisposeAsync()
    {
        memoryEvents?.Dispose();
        foreach (string directory in controllers.Select(controller => controller.Directory).Distinct())
            await ControlGroups.RemoveAsync(directory);
    }

    private static void Set(Controller controller, SandboxLimits wanted)
    {
        switch (controller.Name, controller.Version)
        {
            case ("memory", 1):
                SetMemory(controller.Directory, wanted.MemoryBytes);
                break;
            case ("memory", _):
                Write(controller.Directory, "memory.max", wanted.MemoryBytes > 0 ? Text(wanted.MemoryBytes) : "max");
                TryWrite(controller.Directory, "memory.swap.max", "0");
                break;
            case ("pids", _):
                Write(controller.Directory, "pids.max", wanted.Processes > 0 ? Text(wanted.Processes) : "max");
                break;
            case ("cpu", 1):
                Write(controller.Directory, "cpu.shares", Text(Math.Clamp(Share(wanted, SharesPerCore), MinShares, MaxShares)));
                break;
            default:
                Write(controller.Directory, "cpu.weight", Text(Math.Clamp(Share(wanted, WeightPerCore), MinWeight, MaxWeight)));
                break;
        }
    }

    private static long Share(SandboxLimits wanted, long perCore) => wanted.CpuMillis > 0 ? wanted.CpuMillis * perCore / 1000 : perCore;

    // Version 1 has one limit for memory and another for memory with swap, which is never to be the lower one.
    private static void SetMemory(string directory, long bytes)
    {
        const string Limit = "memory.limit_in_bytes", WithSwap = "memory.memsw.limit_in_bytes";
        string text = bytes > 0 ? Text(bytes) : "-1";
        TryWrite(directory, "memory.swappiness", "0");
        TryWrite(directory, WithSwap, "-1");
        Write(directory, Limit, text);
        TryWrite(directory, WithSwap, text);
    }

    private static void Write(string directory, string file, string text) => File.WriteAllText(Path.Combine(directory, file), text);

    // Kernels without accounting of swap lack the file.
    private static void TryWrite(string directory, string file, string text)
    {
        if (File.Exists(Path.Combine(directory, file)))
            Write(directory, file, text);
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
