using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace RemoteExec.EndToEnd.Tests.Images;

/// <summary>Images by the real program, on a real server.</summary>
public sealed partial class ImageTests
{
    [Fact]
    public async Task The_commands_of_the_documentation_do_what_it_says()
    {
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0");
        using var client = new ImageClient(server);
        string[] blocks = [.. RunBlock().Matches(await File.ReadAllTextAsync(Repository.Path("docs", "images.md"), TestContext.Current.CancellationToken)).Select(match => match.Groups["lines"].Value)];
        Assert.Equal(3, blocks.Length);

        await client.ShellAsync(blocks[0]);
        string built = await client.ShellAsync(blocks[1]);
        string changed = await client.ShellAsync(blocks[2]);

        Assert.Equal(["1 archive, 0 of them known", "1 archive, 1 of them known"], KnownArchives().Matches(built).Select(match => match.Value));
        string[] roots = [.. Property().Matches(built).Select(match => match.Value)];
        Assert.Equal(2, roots.Length);
        Assert.Equal(roots[0], roots[1]);
        Assert.Contains("\n+ tmp\n", changed, StringComparison.Ordinal);
        Assert.Equal("hello\n", await client.ShellAsync("files/bin/hello"));
        Assert.Equal("hello\n", await client.ShellAsync("mkdir unpacked && tar -C unpacked -xf hello.tar && unpacked/bin/hello"));
        Assert.True(File.Exists(client["hello-oci", "index.json"]));
        Assert.Equal("made of one archive\n", File.ReadAllText(client["files", "etc", "motd"]));
    }

    [Fact]
    public async Task A_build_that_is_interrupted_leaves_nothing_behind()
    {
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0");
        using var client = new ImageClient(server);
        using var stuck = new TcpListener(IPAddress.Loopback, 0);
        stuck.Start();
        File.WriteAllText(client["recipe.yaml"], $"archives: [{{ url: 'http://{stuck.LocalEndpoint}/a.tar', sha256: {new string('0', 64)} }}]\n");
        using var temporary = new TemporaryDirectory();
        await using ChildProcess build = ChildProcess.Start(
            ServerProcess.Program, ["image", "build", client["recipe.yaml"], "--server", $"grpc://{server.GrpcAddress}"], environment: new Dictionary<string, string?> { ["TMPDIR"] = temporary.FullPath });
        using Socket connection = await stuck.AcceptSocketAsync(TestContext.Current.CancellationToken);
        Assert.Single(Directory.GetFiles(temporary.FullPath, "remoteexec-archive-*"));

        await build.SignalAsync("INT");

        Assert.Equal(130, await build.WaitForExitAsync());
        Assert.Empty(Directory.GetFileSystemEntries(temporary.FullPath, "remoteexec-*"));
    }

    [GeneratedRegex("^```sh run\n(?<lines>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex RunBlock();

    [GeneratedRegex(@"1 archive, \d of them known")]
    private static partial Regex KnownArchives();

    [GeneratedRegex(@"^rootfs=[0-9a-f]{64}/\d+$", RegexOptions.Multiline)]
    private static partial Regex Property();
}
