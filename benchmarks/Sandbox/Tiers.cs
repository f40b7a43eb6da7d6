using System.Diagnostics;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Worker;
using RemoteExec.Worker.Inputs;
using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Benchmarks.Sandbox;

/// <summary>The tiers of sandbox that work here, and what they are compared with.</summary>
internal sealed class Tiers : IAsyncDisposable
{
    private const int Headers = 10_000, Read = 100;
    private static readonly string[] nothing = ["/bin/true"];
    private readonly string directory;
    private readonly List<(string Name, ScratchDirectory Scratch, SandboxChoice Choice)> tiers = [];
    private readonly MemoryStore cas = new(long.MaxValue / 2);
    private readonly Digest anchor = EmptyBlob.DigestOf(InstanceName.Parse(""), DigestFunction.Sha256);

    private InputRoot inputs = null!; // of the highest

    private Tiers(string directory) => this.directory = directory;

    /// <summary>Opens all that work.</summary>
    public static async Task<Tiers> MakeAsync(string directory)
    {
        if (Directory.Exists(directory))
            Directory.Delete(directory, recursive: true);
        Directory.CreateDirectory(directory);
        var all = new Tiers(directory);
        foreach (string tier in SandboxOptions.Tiers)
        {
            ScratchDirectory scratch = await ScratchDirectory.OpenAsync(Path.Combine(directory, tier), NullLogger.Instance);
            all.tiers.Add((tier, scratch, await SandboxProbe.ChooseAsync(new WorkerOptions { Sandbox = new SandboxOptions { Tier = tier } }, scratch, TimeProvider.System)));
        }

        all.inputs = new InputRoot(all.cas, all.tiers[^1].Scratch, new WorkerOptions(), hardlinks: true);
        return all;
    }

    /// <summary>A command that does nothing, in each way.</summary>
    public IReadOnlyList<(string Name, Func<Task<TimeSpan>> Run)> Launches() =>
    [
        ("Process.Start", () => StartAsync(nothing)),
        .. tiers.Select(tier => ($"{tier.Name}, the launch", (Func<Task<TimeSpan>>)(() => LaunchAsync(tier.Scratch, tier.Choice)))),
        .. tiers.Select(tier => ($"{tier.Name}, with directories", (Func<Task<TimeSpan>>)(() => TimedAsync(() => RunAsync(tier.Scratch, tier.Choice, null, null, nothing))))),
        ("bwrap", () => StartAsync(Bwrap("/usr", directory, nothing))),
    ];

    /// <summary>A compilation, with its input root made and taken away, in a plain directory that is there already and in the highest tier.</summary>
    public async Task<IReadOnlyList<(string Name, Func<Task<TimeSpan>> Run)>> CompilationsAsync()
    {
        string plain = Directory.CreateDirectory(Path.Combine(directory, "plain")).FullName;
        MerkleTreeBuilder tree = new(anchor.Instance, anchor.Function);
        string source = string.Concat(Enumerable.Range(0, Read).Select(number => $"#include \"include/h{number * (Headers / Read)}.h\"\n"));
        for (int number = 0; number <= Headers; number++)
        {
            (string path, string text) = number == Headers ? ("main.c", source) : ($"include/h{number}.h", $"extern int f{number}(int);\n");
            await File.WriteAllTextAsync(Path.Combine(Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(plain, path))!).FullName, Path.GetFileName(path)), text);
            tree.AddFile(path, await cas.StoreAsync(anchor, System.Text.Encoding.UTF8.GetBytes(text), CancellationToken.None));
        }

        string[] compile = ["/usr/bin/gcc", "-c", "-o", "main.o", "main.c"];
        (string name, ScratchDirectory scratch, SandboxChoice choice) = tiers[^1];
        var lease = await LeaseAsync(tree.Build(), compile);
        return
        [
            ("in a plain directory", () => StartAsync(compile, plain)),
            ($"in {name}", () => TimedAsync(async () =>
            {
                ActionUser? user = choice.Users?.Take();
                await using ActionDirectory action = scratch.MakeActionDirectory(user);
                await using InputLayer layer = await inputs.LayerAsync(lease, action.Root, action.Upper, choice.Sandbox.RootOf(action), user?.Id, CancellationToken.None);
                await RunAsync(action, choice, layer, null, compile);
            })),
        ];
    }

    /// <summary>A compilation with the machine's headers in the highest tier, as it is, and with what it looks at written down.</summary>
    public IReadOnlyList<(string Name, Func<Task<TimeSpan>> Run)> Audits()
    {
        string[] headers = ["stdio", "stdlib", "string", "unistd", "pthread", "netdb", "signal", "sys/socket", "sys/stat", "sys/wait", "netinet/in", "arpa/inet", "math", "time", "errno"];
        string source = string.Concat(headers.Select(header => $"#include <{header}.h>\n"));
        (string _, ScratchDirectory scratch, SandboxChoice choice) = tiers[^1];
        return [("not audited", () => CompileAsync(audit: false)), ("audited", () => CompileAsync(audit: true))];

        async Task<TimeSpan> CompileAsync(bool audit)
        {
            ActionUser? user = choice.Users?.Take();
            await using ActionDirectory action = scratch.MakeActionDirectory(user);
            await File.WriteAllTextAsync(action.PathOf("main.c"), source);
            return await TimedAsync(() => RunAsync(action, choice, null, null, ["/usr/bin/gcc", "-c", "-o", "main.o", "main.c"], audit));
        }
    }

    /// <summary>A static program in a file system of its own.</summary>
    public async Task<IReadOnlyList<(string Name, Func<Task<TimeSpan>> Run)>> ImagesAsync()
    {
        const string Busybox = "/bin/busybox";
        string[] script = [Busybox, "sh", "-c", "i=0; while [ $i -lt 100 ]; do /bin/busybox true; i=$((i+1)); done"];
        string root = Path.Combine(directory, "chroot");
        Directory.CreateDirectory(Path.Combine(root, "bin"));
        File.Copy(Busybox, root + Busybox);
        var tree = new MerkleTreeBuilder(anchor.Instance, anchor.Function);
        tree.AddFile(Busybox[1..], await cas.StoreAsync(anchor, await File.ReadAllBytesAsync(Busybox), CancellationToken.None), isExecutable: true);
        MerkleTree image = tree.Build();
        await StoreAsync(image);

        (string _, ScratchDirectory scratch, SandboxChoice choice) = tiers[^1];
        return
        [
            ("chroot", () => StartAsync(["/usr/sbin/chroot", root, .. script])),
            ("rootfs, a command that does nothing", () => TimedAsync(() => RunInImageAsync(scratch, choice, image.RootDigest, [Busybox, "true"]))),
            ("rootfs", () => TimedAsync(() => RunInImageAsync(scratch, choice, image.RootDigest, script))),
        ];
    }

    private async Task RunInImageAsync(ScratchDirectory scratch, SandboxChoice choice, Digest image, string[] arguments)
    {
        using CachedTree held = await inputs.HoldTreeAsync(image, NamespaceSettings.User, CancellationToken.None);
        await RunAsync(scratch, choice, null, held.Path, arguments);
    }

    public async ValueTask DisposeAsync()
    {
        foreach ((string _, ScratchDirectory scratch, SandboxChoice choice) in tiers)
        {
            await choice.DisposeAsync();
            await scratch.DisposeAsync();
        }
    }

    private static async Task RunAsync(ScratchDirectory scratch, SandboxChoice choice, InputLayer? layer, string? image, string[] arguments)
    {
        ActionUser? user = choice.Users?.Take();
        await using ActionDirectory action = scratch.MakeActionDirectory(user);
        await RunAsync(action, choice, layer, image, arguments);
        if (user is not null)
            choice.Users!.Return(user);
    }

    private static async Task RunAsync(ActionDirectory action, SandboxChoice choice, InputLayer? layer, string? image, string[] arguments, bool audit = false)
    {
        var command = new SandboxCommand
        {
            Arguments = arguments,
            Environment = new Dictionary<string, string> { ["PATH"] = "/usr/bin:/bin" },
            Directory = action,
            Lower = choice.Sandbox.TakesLayers ? layer?.Lower ?? action.Root : null,
            Binds = layer?.Binds ?? [],
            Image = image,
            Audit = audit,
            Timeout = TimeSpan.FromMinutes(1),
        };
        using SandboxOutcome outcome = await choice.Sandbox.RunAsync(command, CancellationToken.None);
        if (outcome.ExitCode != 0)
            throw new InvalidOperationException($"exit code {outcome.ExitCode}: {await File.ReadAllTextAsync(action.StderrPath)}");
    }

    // What is measured is the sandbox: the action's directories are there before, and go away after.
    private static async Task<TimeSpan> LaunchAsync(ScratchDirectory scratch, SandboxChoice choice)
    {
        ActionUser? user = choice.Users?.Take();
        await using ActionDirectory action = scratch.MakeActionDirectory(user);
        TimeSpan time = await TimedAsync(() => RunAsync(action, choice, null, null, nothing));
        if (user is not null)
            choice.Users!.Return(user);
        return time;
    }

    private static async Task<TimeSpan> TimedAsync(Func<Task> run)
    {
        long start = Stopwatch.GetTimestamp();
        await run();
        return Stopwatch.GetElapsedTime(start);
    }

    private static Task<TimeSpan> StartAsync(string[] arguments, string? directory = null) => TimedAsync(() => StartPlainAsync(arguments, directory));

    private static async Task StartPlainAsync(string[] arguments, string? directory)
    {
        using Process process = Process.Start(new ProcessStartInfo(arguments[0], arguments[1..]) { WorkingDirectory = directory ?? "/" })!;
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{arguments[0]}: exit code {process.ExitCode}");
    }

    private static string[] Bwrap(string tools, string root, string[] arguments) =>
    [
        "bwrap", "--unshare-all", "--die-with-parent", "--ro-bind", tools, "/usr", "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64",
        "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--bind", root, "/work", "--chdir", "/work", "--", .. arguments,
    ];

    private async Task<ActionLease> LeaseAsync(MerkleTree tree, string[] arguments)
    {
        await StoreAsync(tree);
        var command = new Reapi.Command { Arguments = { arguments }, OutputPaths = { "main.o" } };
        Digest digest = await cas.StoreAsync(anchor, command.ToByteArray(), CancellationToken.None);
        var action = new Reapi.Action { CommandDigest = digest.ToProto(), InputRootDigest = tree.RootDigest.ToProto() };
        return new ActionLease("lease", anchor.SiblingOf(action.ToByteArray()), action, TimeSpan.FromMinutes(1), null);
    }

    private async Task StoreAsync(MerkleTree tree)
    {
        foreach ((Digest digest, ReadOnlyMemory<byte> encoded) in tree.Blobs)
            await cas.WriteAllAsync(digest, encoded, CancellationToken.None);
    }
}
