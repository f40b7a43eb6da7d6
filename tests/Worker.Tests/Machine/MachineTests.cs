using RemoteExec.Worker.Machine;

namespace RemoteExec.Worker.Tests.Machine;

/// <summary>What the kernel tells of memory, in the layouts in which it is met.</summary>
public sealed class MachineTests : IDisposable
{
    private const long GiB = 1L << 30;
    private readonly TempDirectory root = new();

    public MachineTests()
    {
        Write("proc/meminfo", "MemTotal:       16777216 kB\nMemFree: 1 kB\n");
        Write("proc/vmstat", "pgfault 5\noom_kill 7\noom_kill_disable 1\n");
    }

    public void Dispose() => root.Dispose();

    private void Write(string path, string text)
    {
        string file = Path.Combine(root.Path, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }

    private static long LessALittle(long bytes) => bytes - (bytes / 16);

    private long ForActions => MachineMemory.ForActions(root.Path);

    [Fact]
    public void Without_control_groups_it_is_the_machines()
    {
        Assert.Equal(LessALittle(16 * GiB), ForActions);
        Assert.Equal(7, new MemoryKills(root.Path).Count());
    }

    [Fact]
    public void In_version_2_the_lowest_limit_on_the_way_up_counts_and_the_own_group_tells_of_kills()
    {
        Write("proc/self/cgroup", "0::/system.slice/worker.service\n");
        Write("sys/fs/cgroup/system.slice/worker.service/memory.max", "max\n");
        Write("sys/fs/cgroup/system.slice/worker.service/memory.events", "low 0\nhigh 0\nmax 3\noom 2\noom_kill 2\noom_group_kill 0\n");
        Write("sys/fs/cgroup/system.slice/memory.max", $"{4 * GiB}\n");

        Assert.Equal(LessALittle(4 * GiB), ForActions);
        var kills = new MemoryKills(root.Path);
        Assert.Equal(2, kills.Count());
        Write("sys/fs/cgroup/system.slice/worker.service/memory.events", "oom_kill 3\n");
        Assert.Equal(3, kills.Count());
    }

    [Fact]
    public void In_version_1_it_is_the_group_of_the_memory_controller()
    {
        Write("proc/self/cgroup", "12:cpu,cpuacct:/a\n9:memory:/b\n0::/c\n");
        Write("sys/fs/cgroup/memory/b/memory.limit_in_bytes", $"{2 * GiB}\n");
        Write("sys/fs/cgroup/memory/b/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 4\n");
        Write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");

        Assert.Equal(LessALittle(2 * GiB), ForActions);
        Assert.Equal(4, new MemoryKills(root.Path).Count());
    }

    [Fact]
    public void In_a_container_the_path_may_be_that_of_the_outside()
    {
        Write("proc/self/cgroup", "9:memory:/docker/0123456789\n");
        Write("sys/fs/cgroup/memory/memory.limit_in_bytes", $"{3 * GiB}\n");

        Assert.Equal(LessALittle(3 * GiB), ForActions);
        Assert.Equal(7, new MemoryKills(root.Path).Count()); // of the machine, as the group does not tell
    }

    [Fact]
    public void This_machine_tells()
    {
        Assert.InRange(MachineMemory.ForActions(), 1, long.MaxValue);
        Assert.InRange(new MemoryKills("/").Count(), 0, long.MaxValue);
    }
}
