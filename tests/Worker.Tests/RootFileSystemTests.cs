using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.Worker.Tests;

/// <summary>Actions that bring their whole file system: here one with nothing but busybox.</summary>
public sealed class RootFileSystemTests
{
    [Fact]
    public async Task An_action_sees_its_own_file_system_and_nothing_of_the_machine()
    {
        Needs.ActionUsers();
        await using ActionFixture worker = await ActionFixture.MakeAsync(tier: "cached-trees");
        string image = await StoreAsync(worker, BusyboxTree);

        Reapi.ActionResult result = (await worker.RunAsync(Asking("rootfs", image, "/bin/busybox", "sh", "-c", "ls /; cat /etc/release; ls /usr 2>&1; echo made > out; touch /bin/x 2>&1; pwd", "out"))).Response.Result;

        Assert.Equal("bin\ndev\netc\nproc\ntmp\nwork\nimage 1\nls: /usr: No such file or directory\ntouch: /bin/x: Read-only file system\n/work\n", await worker.ReadAsync(result.StdoutDigest));
        Assert.Equal("made\n", await worker.ReadAsync(Assert.Single(result.OutputFiles).Digest));
    }

    [Fact]
    public async Task A_program_that_the_image_lacks_is_not_found_whatever_the_machine_has()
    {
        Needs.ActionUsers();
        await using ActionFixture worker = await ActionFixture.MakeAsync(tier: "cached-trees");
        string image = await StoreAsync(worker, BusyboxTree);

        Reapi.ActionResult result = (await worker.RunAsync(Asking("rootfs", image, "/usr/bin/env"))).Response.Result;

        Assert.Equal(127, result.ExitCode);
        Assert.Contains("'/usr/bin/env' does not exist", await worker.ReadAsync(result.StderrDigest), StringComparison.Ordinal);
    }

    [Fact, Rule("EXE-05")]
    public async Task An_image_that_the_CAS_lacks_is_missing_as_inputs_are()
    {
        Needs.ActionUsers();
        await using ActionFixture worker = await ActionFixture.MakeAsync(tier: "cached-trees");
        Digest absent = ActionFixture.Anchor.SiblingOf("no directory"u8);

        Reapi.ExecuteResponse response = (await worker.RunAsync(Asking("rootfs", $"{absent.Hash}/{absent.SizeBytes}", "/bin/true"))).Response;

        Assert.Equal(9, response.Status.Code);
        Assert.Contains(absent.Hash, response.Status.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rootfs", "debian:12")]
    [InlineData("rootfs", "12/34")]
    [InlineData("network", "yes")]
    public async Task A_value_that_makes_no_sense_is_INVALID_ARGUMENT(string name, string value)
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();

        Reapi.ExecuteResponse response = (await worker.RunAsync(Asking(name, value, "/bin/true"))).Response;

        Assert.Equal(3, response.Status.Code);
        Assert.Contains($"{name}={value}", response.Status.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("directory", "rootfs")]
    [InlineData("namespaces", "rootfs")]
    [InlineData("namespaces", "network")]
    public async Task What_the_sandbox_can_not_give_is_refused(string tier, string property)
    {
        Needs.ActionUsers();
        await using ActionFixture worker = await ActionFixture.MakeAsync(tier: tier);
        string value = property == "rootfs" ? await StoreAsync(worker, BusyboxTree) : "on";

        Reapi.ExecuteResponse response = (await worker.RunAsync(Asking(property, value, "/bin/true"))).Response;

        Assert.Equal(3, response.Status.Code);
        Assert.Contains($"the sandbox '{tier}' of worker 'test-worker' can't run the action", response.Status.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_network_is_there_only_for_who_asks_where_it_is_allowed()
    {
        Needs.ActionUsers();
        await using ActionFixture worker = await ActionFixture.MakeAsync(options => options with { Sandbox = options.Sandbox with { Network = true } });
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        string connect = $"exec 3<>/dev/tcp/127.0.0.1/{((System.Net.IPEndPoint)listener.LocalEndpoint).Port}";

        Assert.Equal(1, (await worker.ShellAsync(connect)).Response.Result.ExitCode);
        Assert.Equal(1, (await worker.RunAsync(Asking("network", "off", "/bin/bash", "-c", connect))).Response.Result.ExitCode);
        Assert.Equal(0, (await worker.RunAsync(Asking("network", "on", "/bin/bash", "-c", connect))).Response.Result.ExitCode);
        Assert.True(listener.Pending());
    }

#pragma warning disable CS0612 // deprecated in the API, but where many clients have it
    private static Reapi.Command Asking(string name, string value, params string[] arguments) => new()
    {
        Arguments = { arguments.Where(argument => argument != "out") },
        OutputPaths = { arguments.Where(argument => argument == "out") },
        Platform = new Reapi.Platform { Properties = { new Reapi.Platform.Types.Property { Name = name, Value = value } } },
    };

#pragma warning restore CS0612

    private static async Task<string> StoreAsync(ActionFixture worker, Func<ActionFixture, Task<MerkleTree>> make)
    {
        MerkleTree tree = await make(worker);
        foreach ((Digest digest, ReadOnlyMemory<byte> encoded) in tree.Blobs)
            await worker.Cas.WriteAllAsync(digest, encoded, CancellationToken.None);
        return $"{tree.RootDigest.Hash}/{tree.RootDigest.SizeBytes}";
    }

    private static async Task<MerkleTree> BusyboxTree(ActionFixture worker)
    {
        MerkleTreeBuilder tree = ActionFixture.NewTree();
        tree.AddFile("bin/busybox", await worker.StoreAsync(await File.ReadAllBytesAsync("/bin/busybox")), isExecutable: true);
        foreach (string applet in (string[])["ls", "cat", "touch"])
            tree.AddSymlink($"bin/{applet}", "busybox");
        tree.AddFile("etc/release", await worker.StoreAsync("image 1\n"u8.ToArray()));
        return tree.Build();
    }
}
