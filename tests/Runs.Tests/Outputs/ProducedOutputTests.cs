using Google.Protobuf;
using RemoteExec.Cas;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Runs.Inputs;
using RemoteExec.Runs.Outputs;
using RemoteExec.Runs.Remote;
using RemoteExec.Trees.Local;
using RemoteExec.Trees.Pull;
using RemoteExec.Trees.Stored;

namespace RemoteExec.Runs.Tests.Outputs;

public sealed class ProducedOutputTests : IDisposable
{
    private readonly EmptyBlobStore cas = new(new MemoryStore(1 << 24));
    private readonly TemporaryDirectory directory = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task Outputs_are_found_where_they_were_declared_from_wherever_the_command_ran()
    {
        Digest file = await StoreAsync("content");
        var result = new Reapi.ActionResult
        {
            OutputFiles = { new Reapi.OutputFile { Path = "../top", Digest = file.ToProto(), IsExecutable = true } },
            OutputSymlinks = { new Reapi.OutputSymlink { Path = "link", Target = "../top" } },
        };

        IReadOnlyList<ProducedOutput> found = await FindAsync(["../top", "link", "absent"], result);

        Assert.Equal(["src/link", "top"], found.Select(output => output.Path));
        Assert.Equal("../top", found[0].Node.Target);
        Assert.Equal((file, true), (found[1].Node.File, found[1].Node.IsExecutable));
    }

    [Fact]
    public async Task A_directory_that_is_but_a_tree_becomes_a_directory_of_the_CAS()
    {
        Digest file = await StoreAsync("content");
        var builder = new MerkleTreeBuilder(default, DigestFunction.Sha256);
        builder.AddFile("a/b", file, false);
        builder.AddDirectory("empty");
        MerkleTree tree = builder.Build();
        Digest encoded = await cas.StoreAsync(file, tree.ToTree().ToByteArray(), Token);

        ProducedOutput output = Assert.Single(await FindAsync(["dir"], new Reapi.ActionResult { OutputDirectories = { new Reapi.OutputDirectory { Path = "dir", TreeDigest = encoded.ToProto() } } }));

        Assert.Equal(tree.RootDigest, output.Node.Directory);
        Assert.Equal(["a", "a/b", "empty"], (await StoredTree.LoadAsync(cas, tree.RootDigest, Token)).Nodes().Select(node => node.Path));
    }

    [Fact]
    public async Task What_was_not_declared_or_lies_behind_a_symlink_is_refused()
    {
        Digest file = await StoreAsync("content");
        Reapi.OutputFile at(string path) => new() { Path = path, Digest = file.ToProto() };

        RunException undeclared = await Assert.ThrowsAsync<RunException>(() => FindAsync(["a"], new Reapi.ActionResult { OutputFiles = { at("b") } }));
        RunException outside = await Assert.ThrowsAsync<RunException>(() => FindAsync(["../../a"], new Reapi.ActionResult { OutputFiles = { at("../../a") } }));
        RunException behind = await Assert.ThrowsAsync<RunException>(() => FindAsync(["a", "a/b"], new Reapi.ActionResult { OutputSymlinks = { new Reapi.OutputSymlink { Path = "a", Target = "/etc" } }, OutputFiles = { at("a/b") } }));

        Assert.Contains("does not declare", undeclared.Message, StringComparison.Ordinal);
        Assert.Contains("leads out of its inputs", outside.Message, StringComparison.Ordinal);
        Assert.Contains("'src/a/b' in 'src/a', which is no directory", behind.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Symlinks_that_are_there_lead_no_output_elsewhere_unless_it_was_named_here()
    {
        var output = new ProducedOutput("a/b", new StoredNode("") { File = await StoreAsync("content") });
        Directory.CreateDirectory(directory["elsewhere"]);
        Directory.CreateDirectory(directory["out"]);
        File.CreateSymbolicLink(directory["out", "a"], directory["elsewhere"]);

        await Assert.ThrowsAsync<RunException>(() => PullTo(false).RunAsync(output, Token));
        Assert.Empty(Directory.GetFileSystemEntries(directory["elsewhere"]));
        await PullTo(true).RunAsync(output, Token);

        Assert.Equal("content", File.ReadAllText(directory["elsewhere", "b"]));
        Assert.Single(Directory.GetFileSystemEntries(directory["elsewhere"]));
    }

    [Fact]
    public async Task A_file_that_can_not_be_had_leaves_what_was_there()
    {
        File.WriteAllText(directory["a"], "before");

        await Assert.ThrowsAsync<Trees.TreeException>(() => new OutputPull(directory.FullPath, cas, null, new TreePullOptions { State = new StateFiles(directory["state"]) }, TimeProvider.System)
            .RunAsync(new ProducedOutput("a", new StoredNode("") { File = TestBlob.Random(1, 100).Digest }), Token));

        Assert.Equal("before", File.ReadAllText(directory["a"]));
        Assert.Single(Directory.GetFileSystemEntries(directory.FullPath));
    }

    private OutputPull PullTo(bool followsSymlinks) =>
        new(directory["out"], cas, null, new TreePullOptions { State = new StateFiles(directory["state"]) }, TimeProvider.System) { FollowsSymlinks = followsSymlinks };

    private async Task<Digest> StoreAsync(string content) => await cas.StoreAsync(TestBlob.Of([]).Digest, System.Text.Encoding.UTF8.GetBytes(content), Token);

    private Task<IReadOnlyList<ProducedOutput>> FindAsync(string[] declared, Reapi.ActionResult result)
    {
        Digest digest = TestBlob.Of([]).Digest;
        var action = new StoredAction(digest, new Reapi.Action(), new Reapi.Command { WorkingDirectory = "src", OutputPaths = { declared } });
        return ProducedOutputs.FindAsync(action, new FinishedRun(digest, "operations/1", RunOutcome.Ran, new Reapi.ExecuteResponse { Result = result }), cas, Token);
    }
}
