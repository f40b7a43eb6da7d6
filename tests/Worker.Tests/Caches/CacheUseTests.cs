using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Worker.Tests.Caches;

/// <summary>How actions ask for caches, and who gets none.</summary>
public sealed class CacheUseTests
{
    [Theory]
    [InlineData("cache:=a")]
    [InlineData("cache:../x=a")]
    [InlineData("cache:a/b=a")]
    [InlineData("cache:x=")]
    [InlineData("cache:x=.")]
    [InlineData("cache:x=a/../../b")]
    [InlineData("cache:x=../a")]
    [InlineData("cache:x=a//b")]
    [InlineData("cache:x=a/")]
    [InlineData("cache:x=/")]
    [InlineData("cache:x=/..")]
    [InlineData("cache:x=/proc")]
    [InlineData("cache:x=/proc/self")]
    [InlineData("cache:x=/dev")]
    [InlineData("cache:x=/dev/shm/a")]
    [InlineData("cache:x=/etc")]
    [InlineData("cache:x=" + NamespaceSandbox.Root + "/a")]
    [InlineData("cache:x=/tmp")]
    [InlineData("cache:x=/.worker")]
    [InlineData("cache:x=/usr/bin")]
    [InlineData("cache:x=/bin")]
    [InlineData("cache:x=/lib/a")]
    public async Task Places_that_are_not_for_caches_are_INVALID_ARGUMENT(string property)
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();

        Reapi.ExecuteResponse response = await worker.RunAsync("exit 0", [property]);

        Assert.Equal(3, response.Status.Code);
        Assert.Contains(property, response.Status.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("out/kept", "out")]
    [InlineData("out", "out/file")]
    [InlineData("same", "same")]
    [InlineData("link/kept", "dir/kept/file")]
    [InlineData("kept", "")]
    public async Task An_output_can_not_be_in_a_cache_nor_a_cache_in_an_output(string path, string output)
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();
        worker.Inputs.AddSymlink("link", "dir");

        Reapi.ExecuteResponse response = await worker.RunAsync("exit 0", [$"cache:x={path}"], [output]);

        Assert.Equal(3, response.Status.Code);
        Assert.Contains("what is kept from action to action can't be in a result", response.Status.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("in")]
    [InlineData("in/file")]
    [InlineData("in/file/x")]
    [InlineData("out-of-here/x")]
    public async Task A_cache_can_not_be_where_inputs_are(string path)
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();
        await worker.AddFileAsync("in/file", "input");
        worker.Inputs.AddSymlink("out-of-here", "../..");

        Reapi.ExecuteResponse response = await worker.RunAsync("exit 0", [$"cache:x={path}"]);

        Assert.Equal(3, response.Status.Code);
        Assert.Contains("the place of the cache 'x'", response.Status.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cache:x=a", "cache:x=b")]
    [InlineData("cache:x=a", "cache:y=a/b")]
    [InlineData("cache:x=/opt/a", "cache:y=/opt/a")]
    [InlineData("cache:x=a", "cache:y=link")]
    public async Task Two_caches_do_not_overlap(string first, string second)
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();
        worker.Inputs.AddSymlink("link", "a");

        Assert.Equal(3, (await worker.RunAsync("exit 0", [first, second])).Status.Code);
    }

    [Fact]
    public async Task The_working_directory_is_not_hidden()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();

        Assert.Contains("would hide", (await worker.RunAsync("exit 0", ["cache:x=a"], directory: "a/b")).Status.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_namespaces_a_cache_in_the_input_root_is_an_empty_directory_and_others_are_refused()
    {
        Needs.ActionUsers();
        await using ActionFixture worker = await ActionFixture.MakeAsync(tier: "directory");

        for (int round = 0; round < 2; round++)
            Assert.Equal("0\n", await worker.TellAsync("ls kept | wc -l; echo 1 > kept/file", "cache:x=kept"));
        Reapi.ExecuteResponse response = await worker.RunAsync("exit 0", ["cache:x=/opt/kept"]);

        Assert.Equal(3, response.Status.Code);
        Assert.Contains("a cache outside of its input root (cache:x=/opt/kept)", response.Status.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Actions_with_a_file_system_of_their_own_have_caches_as_well()
    {
        Needs.ActionUsers();
        await using ActionFixture worker = await ActionFixture.MakeAsync(tier: "cached-trees");
        MerkleTreeBuilder builder = ActionFixture.NewTree();
        builder.AddFile("bin/sh", await worker.StoreAsync(await File.ReadAllBytesAsync("/bin/busybox")), isExecutable: true);
        MerkleTree image = builder.Build();
        foreach ((Digest digest, ReadOnlyMemory<byte> encoded) in image.Blobs)
            await worker.Cas.WriteAllAsync(digest, encoded, CancellationToken.None);
        string[] properties = [$"rootfs={image.RootDigest.Hash}/{image.RootDigest.SizeBytes}", "cache:x=/usr/cache/x", "cache:y=y"];

        const string Script = "echo x >> /usr/cache/x/file; echo y >> y/file";
        Assert.Equal(0, (await RunAsync(Script)).ExitCode);
        Reapi.ActionResult result = await RunAsync(Script + "; while read line; do echo $line; done < /usr/cache/x/file; read line < y/file; echo $line; echo > /usr/new 2>/dev/null || echo closed");

        Assert.Equal("x\nx\ny\nclosed\n", await worker.ReadAsync(result.StdoutDigest));

        async Task<Reapi.ActionResult> RunAsync(string text)
        {
            Reapi.ExecuteResponse response = await worker.RunAsync(new Reapi.Command
            {
                Arguments = { "/bin/sh", "-c", text },
#pragma warning disable CS0612 // deprecated in the API, but where many clients have it
                Platform = new Reapi.Platform { Properties = { properties.Select(property => property.Split('=', 2)).Select(pair => new Reapi.Platform.Types.Property { Name = pair[0], Value = pair[1] }) } },
#pragma warning restore CS0612
            }) is { } outcome ? outcome.Response : throw new InvalidOperationException();
            Assert.Null(response.Status);
            return response.Result;
        }
    }

    [Fact]
    public async Task What_Pants_does_with_its_append_only_caches_works()
    {
        Needs.ActionUsers();
        await using ActionFixture worker = await ActionFixture.MakeAsync(options => options with { Sandbox = options.Sandbox with { CachePaths = ["/pants/caches"] } });

        // Its wrapper makes the directories, and symlinks to them in the input root, and then does what it is for.
        const string Wrapper = "/bin/mkdir -p /pants/caches/pex_root /pants/caches/pip && /bin/ln -s /pants/caches/pex_root .pex && /bin/ln -s /pants/caches/pip .pip && ";
        await worker.TellAsync(Wrapper + "mkdir .pex/wheel.tmp && echo 1 > .pex/wheel.tmp/file && mv .pex/wheel.tmp .pex/wheel");
        string[] all = await Task.WhenAll(Enumerable.Range(0, 8).Select(number => worker.TellAsync(Wrapper + $"cat .pex/wheel/file; echo {number} > .pip/{number}")));

        Assert.All(all, said => Assert.Equal("1\n", said));
        Assert.Equal("8\n", await worker.TellAsync("ls /pants/caches/pip | wc -l"));
        Assert.Equal(3, (await worker.RunAsync("exit 0", ["cache:x=/pants/caches/pip"])).Status.Code);
    }

    [Theory]
    [InlineData("pants", "must be an absolute path")]
    [InlineData("/", "empty segments")]
    [InlineData("/proc/x", "can't be")]
    public void Paths_for_all_actions_are_checked(string path, string problem) =>
        Assert.Contains(problem, Assert.Single(new WorkerOptions { Sandbox = new() { CachePaths = [path] } }.Validate()), StringComparison.Ordinal);

    [Fact]
    public async Task A_path_for_all_actions_is_not_where_the_tools_are()
    {
        Needs.ActionUsers();

        InvalidOperationException exception = await Assert.ThrowsAsync<InvalidOperationException>(
            () => ActionFixture.MakeAsync(options => options with { Sandbox = options.Sandbox with { CachePaths = ["/usr/caches"] } }));

        Assert.Contains("'/usr/caches'", exception.Message, StringComparison.Ordinal);
    }
}
