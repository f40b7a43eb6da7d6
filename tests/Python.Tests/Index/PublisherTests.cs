using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Python.Index;
using RemoteExec.Python.Names;
using RemoteExec.Python.Wheels;

namespace RemoteExec.Python.Tests.Index;

public sealed class PublisherTests : IDisposable
{
    private static readonly ProjectName demo = ProjectName.Parse("demo");
    private readonly TestIndex index = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => index.Dispose();

    [Fact]
    public async Task What_was_added_is_there_with_its_metadata()
    {
        (FileRecord record, bool isNew) = await index.AddAsync("demo", "1.0", requiresPython: ">=3.8");

        IndexedProject project = await index.ReadAsync("Demo");
        Assert.True(isNew);
        Assert.Equal(record, Assert.Single(project.Files));
        Assert.Equal((record.Sha256, record.Size, DigestFunction.Sha256), (project.ContentOf(record.Name)!.Value.Hash, project.ContentOf(record.Name)!.Value.SizeBytes, project.ContentOf(record.Name)!.Value.Function));
        Assert.Equal(record.MetadataSha256, project.ContentOf(record.Name + ".metadata")!.Value.Hash);
        Assert.Equal((">=3.8", "1.0", index.Time.GetUtcNow()), (record.RequiresPython, record.Version, record.Added));
    }

    [Fact]
    public async Task The_same_again_changes_nothing()
    {
        await index.AddAsync("demo", "1.0");
        (_, long version) = await index.Reference.FindAsync(Token);

        (_, bool isNew) = await index.AddAsync("demo", "1.0");

        Assert.False(isNew);
        Assert.Equal(version, (await index.Reference.FindAsync(Token)).Version);
    }

    [Fact]
    public async Task A_name_stands_for_one_content_for_good()
    {
        (FileRecord record, _) = await index.AddAsync("demo", "1.0");

        PythonIndexException exception = await Assert.ThrowsAsync<PythonIndexException>(() => index.AddAsync("demo", "1.0", body: "other"));

        Assert.Contains($"demo-1.0-py3-none-any.whl has another content in the index (sha256 {record.Sha256}", exception.Message, StringComparison.Ordinal);
        await index.Publisher.RemoveAsync(demo, "1.0", Token);
        Assert.Empty((await index.ReadAsync("demo")).Files);
        Assert.Contains("though it was removed", (await Assert.ThrowsAsync<PythonIndexException>(() => index.AddAsync("demo", "1.0", body: "other"))).Message, StringComparison.Ordinal);
        Assert.Contains("was removed", (await Assert.ThrowsAsync<PythonIndexException>(() => index.AddAsync("demo", "1.0"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Several_are_added_all_or_none()
    {
        await index.AddAsync("demo", "1.0");
        string[] paths = [TestWheel.Write(index["dist"], "other", "2.0"), TestWheel.Write(index["dist"], "demo", "1.0", body: "changed")];
        List<LocalDistribution> files = [];
        foreach (string path in paths)
            files.Add(await LocalDistribution.ReadAsync(path, Token));

        await Assert.ThrowsAsync<PythonIndexException>(() => index.Publisher.AddAsync(files, null, Token));

        Assert.Equal(["demo"], (await index.Editor.ReadAsync(Token)).Projects.Select(project => project.Value));
    }

    [Fact]
    public async Task Who_comes_in_between_loses_nothing()
    {
        index.Reference.Rival = async () => await index.AddAsync("demo", "2.0");

        await index.AddAsync("demo", "1.0");

        Assert.Equal(["1.0", "2.0"], (await index.ReadAsync("demo")).Files.Select(file => file.Version));
    }

    [Fact]
    public async Task Many_at_a_time_lose_nothing()
    {
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() => index.AddAsync(i % 2 == 0 ? "demo" : "other", $"{i}.0"), Token)));

        Assert.Equal(10, (await index.ReadAsync("demo")).Files.Count());
        Assert.Equal(10, (await index.ReadAsync("other")).Files.Count());
    }

    [Fact]
    public async Task The_builds_of_a_channel_follow_each_other()
    {
        List<PythonVersion> versions = [];
        for (int i = 0; i < 12; i++)
            versions.Add(PythonVersion.TryParse((await index.AddAsync("demo", "1.0", body: $"build {i}", channel: "main", revision: $"{12 - i:x}f")).Record.Version!)!);

        Assert.Equal(versions, versions.Order());
        Assert.Equal("1.0+main.12.g1f", versions[^1].ToString());
        Assert.Equal(12, (await index.ReadAsync("demo")).Files.Count(file => file.Channel == "main"));
    }

    [Fact]
    public async Task A_revision_is_one_build_whoever_makes_it_at_the_same_time()
    {
        index.Reference.Rival = async () => await index.AddAsync("demo", "1.0", body: "rival", channel: "main", revision: "aaa");

        (FileRecord record, _) = await index.AddAsync("demo", "1.0", body: "mine", channel: "main", revision: "bbb");
        (FileRecord again, bool isNew) = await index.AddAsync("demo", "1.0", body: "mine", channel: "main", revision: "BBB");

        Assert.Equal("1.0+main.2.gbbb", record.Version);
        Assert.Equal((record, false), (again, isNew));
        Assert.Contains("a revision has one content", (await Assert.ThrowsAsync<PythonIndexException>(() => index.AddAsync("demo", "1.0", body: "another", channel: "main", revision: "bbb"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wheels_of_one_revision_for_several_platforms_are_one_build()
    {
        await index.AddAsync("demo", "1.0", channel: "main", revision: "aaa");
        List<LocalDistribution> files = [];
        foreach (string tags in new[] { "cp311-cp311-linux_x86_64", "cp311-cp311-linux_aarch64" })
            files.Add(await LocalDistribution.ReadAsync(TestWheel.Write(index["dist"], "demo", "1.0", tags: tags), Token));

        IReadOnlyList<(FileRecord Record, bool IsNew)> added = await index.Publisher.AddAsync(files, new ChannelBuild(ChannelName.Parse("main"), "bbb", Directory.CreateDirectory(index["build"]).FullName), Token);

        Assert.All(added, file => Assert.Equal("1.0+main.2.gbbb", file.Record.Version));
    }

    [Fact]
    public async Task A_build_that_would_not_be_the_newest_is_refused()
    {
        await index.AddAsync("demo", "1.1", channel: "main", revision: "aaa");

        PythonIndexException exception = await Assert.ThrowsAsync<PythonIndexException>(() => index.AddAsync("demo", "1.0", channel: "main", revision: "bbb"));

        Assert.StartsWith("channel 'main' of demo is at 1.1+main.1.gaaa, before which 1.0+main.2.gbbb sorts", exception.Message, StringComparison.Ordinal);
        await index.AddAsync("demo", "1.0", channel: "old", revision: "bbb");
    }

    [Fact]
    public async Task Sources_are_no_builds_of_channels()
    {
        LocalDistribution source = await LocalDistribution.ReadAsync(TestWheel.WriteSource(index["dist"], "demo", "1.0"), Token);

        Assert.Contains("is no wheel", (await Assert.ThrowsAsync<PythonIndexException>(() => index.Publisher.AddAsync([source], new ChannelBuild(ChannelName.Parse("main"), "a", index["dist"]), Token))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Versions_and_files_are_yanked_and_taken_back()
    {
        await index.AddAsync("demo", "1.0");
        await index.AddAsync("demo", "1.1");

        Assert.Equal(["demo-1.0-py3-none-any.whl"], (await index.Publisher.YankAsync(demo, "1.0.0", "loses data", Token)).Select(file => file.Name));
        await index.Publisher.YankAsync(demo, "demo-1.1-py3-none-any.whl", "", Token);

        Assert.Equal(["loses data", ""], (await index.ReadAsync("demo")).Files.Select(file => file.Yanked));
        await index.Publisher.YankAsync(demo, "1.0", null, Token);
        Assert.Null((await index.ReadAsync("demo")).Find("demo-1.0-py3-none-any.whl")!.Yanked);
        Assert.Contains("the index has no '3.0' of demo", (await Assert.ThrowsAsync<PythonIndexException>(() => index.Publisher.YankAsync(demo, "3.0", "", Token))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_directory_that_is_no_index_is_told()
    {
        Digest file = await index.Cas.StoreAsync(Digest.Create(default, DigestFunction.Sha256, new byte[32], 0), "x"u8.ToArray(), Token);
        var directory = new Reapi.Directory { Files = { new Reapi.FileNode { Name = "x", Digest = file.ToProto() } } };
        Assert.True(await index.Reference.TrySetAsync(await index.Cas.StoreAsync(file, Google.Protobuf.MessageExtensions.ToByteArray(directory), Token), 0, "", Token));

        Assert.Contains("is no Python index: 'x' in it", (await Assert.ThrowsAsync<PythonIndexException>(() => index.AddAsync("demo", "1.0"))).Message, StringComparison.Ordinal);
    }
}
