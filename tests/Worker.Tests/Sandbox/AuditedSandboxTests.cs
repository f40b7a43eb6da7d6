using RemoteExec.Worker.Audit;
using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Worker.Tests.Sandbox;

/// <summary>
/// All that the tiers with namespaces promise also holds for commands that are audited, and what they look at is written down: here in a user namespace, where it is hardest.
/// </summary>
public sealed class AuditedSandboxTests : NamespaceSandboxContract
{
    public AuditedSandboxTests()
        : base(overlays: true, isUserMapped: true) => Audits = true;

    [Fact]
    public async Task What_it_opens_executes_looks_at_and_connects_to_is_written_down_once()
    {
        File.WriteAllText(Path.Combine(Directory.Root, "input"), "text");
        System.IO.Directory.CreateDirectory(Path.Combine(Directory.Root, "sub"));

        SandboxOutcome outcome = await ShellAsync(
            "cat input input > made; cd sub; cat ../input; test -e absent; read line < /etc/passwd; (exec 3<>/dev/tcp/127.0.0.1/9); echo > /dev/udp/127.0.0.1/53; uname > /dev/null");

        Assert.Equal(0, outcome.ExitCode);
        IReadOnlyList<Access> accesses = ReadRecord();
        Assert.Equal(accesses.Distinct(), accesses);
        Assert.Superset(
            new HashSet<Access>
            {
                new(AccessKind.Executed, "/bin/bash"),
                new(AccessKind.Executed, "/usr/bin/cat"),
                new(AccessKind.Read, NamespaceSandbox.Root + "/input"),
                new(AccessKind.Read, NamespaceSandbox.Root + "/sub/../input"),
                new(AccessKind.Written, NamespaceSandbox.Root + "/made"),
                new(AccessKind.Seen, NamespaceSandbox.Root + "/sub/absent"),
                new(AccessKind.Read, "/etc/passwd"),
                new(AccessKind.Network, "127.0.0.1:9"),
                new(AccessKind.Network, "127.0.0.1:53"),
                new(AccessKind.MachineCall, "uname"),
            },
            accesses.ToHashSet());
    }

    [Fact]
    public async Task The_record_of_a_command_that_is_killed_is_there()
    {
        SandboxOutcome outcome = await ShellAsync("cat /etc/passwd > /dev/null; sleep 987", TimeSpan.FromSeconds(1));

        Assert.True(outcome.TimedOut);
        Assert.Contains(new Access(AccessKind.Read, "/etc/passwd"), ReadRecord());
    }

    [Fact]
    public async Task A_record_ends_where_there_is_too_much()
    {
        await ShellAsync("for i in {1..70000}; do test -e $i; done");

        IReadOnlyList<Access> accesses = ReadRecord();
        Assert.Equal(AccessKind.Cut, accesses[^1].Kind);
        Assert.Equal(64 * 1024 + 1, accesses.Count);
    }

    [Fact]
    public async Task A_path_that_ends_where_the_memory_does_is_read()
    {
        // A name just before a page that can't be read, at each distance from its end that a short name has.
        const string Script = """
            import ctypes, mmap
            libc = ctypes.CDLL(None)
            page = mmap.mmap(-1, 2 * mmap.PAGESIZE)
            start = ctypes.addressof(ctypes.c_char.from_buffer(page))
            assert libc.mprotect(ctypes.c_void_p(start + mmap.PAGESIZE), mmap.PAGESIZE, 0) == 0
            ctypes.memmove(start + mmap.PAGESIZE - 8, b"/at-end\0", 8)
            libc.access(ctypes.c_void_p(start + mmap.PAGESIZE - 8), 0)
            """;

        await RunAsync([], "/usr/bin/python3", "-I", "-c", Script);

        Assert.Equal("", Stderr);
        Assert.Contains(new Access(AccessKind.Seen, "/at-end"), ReadRecord());
    }

    [Fact]
    public async Task A_second_run_has_another_host_name_and_other_process_ids()
    {
        Vary = "elsewhere";

        await ShellAsync("uname -n; echo $$");

        string[] lines = Stdout.Split('\n');
        Assert.Equal("elsewhere", lines[0]);
        Assert.InRange(int.Parse(lines[1], System.Globalization.CultureInfo.InvariantCulture), 7000, 7100);
    }

    private IReadOnlyList<Access> ReadRecord() => AccessRecord.Parse(File.ReadAllBytes(Directory.AuditPath));
}
