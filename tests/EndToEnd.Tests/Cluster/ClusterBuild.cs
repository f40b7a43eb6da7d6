using System.Globalization;
using System.Text;
using RemoteExec.Cas;
using RemoteExec.Cas.Stores;
using RemoteExec.EndToEnd.Tests.Bazel;
using RemoteExec.Protocol;
using RemoteExec.Rpc.Client;

namespace RemoteExec.EndToEnd.Tests.Cluster;

/// <summary>A build of small actions of which all outputs are known beforehand, so that it can be said at any time which of them the CAS has.</summary>
internal sealed class ClusterBuild
{
    /// <summary>How many actions it has.</summary>
    public const int Actions = 60;

    private static int count;
    private readonly int number = Interlocked.Increment(ref count);
    private readonly BazelWorkspace workspace;

    /// <summary>Writes it into a workspace.</summary>
    /// <param name="workspace">The workspace.</param>
    /// <param name="first">What each action does first, as a command of the shell.</param>
    public ClusterBuild(BazelWorkspace workspace, string first = "true")
    {
        this.workspace = workspace;
        Outputs = [.. Enumerable.Range(0, Actions).Select(action => TestBlob.Of(Encoding.ASCII.GetBytes(new StringBuilder().Insert(0, LineOf(action), LinesOf(action)).ToString())))];
        workspace.Write($"{Package}/BUILD", string.Concat(Enumerable.Range(0, Actions).Select(action =>
            $$"""genrule(name = "c{{action}}", outs = ["c{{action}}.txt"], cmd = "{{first}}; sleep 0.1; awk 'BEGIN { for (i = 0; i < {{LinesOf(action)}}; i++) print \"{{LineOf(action).TrimEnd()}}\" }' > $@")""" + "\n")));
    }

    /// <summary>What its actions write.</summary>
    public IReadOnlyList<TestBlob> Outputs { get; }

    /// <summary>Where it stands in the workspace.</summary>
    public string Package => string.Create(CultureInfo.InvariantCulture, $"cluster{number}");

    /// <summary>Begins to build it.</summary>
    public ChildProcess Start(params IEnumerable<string> flags) => workspace.Start("build", ["--jobs=6", .. flags, $"//{Package}:all"]);

    /// <summary>Builds it to the end, from nothing, and returns what Bazel says.</summary>
    public async Task<BazelRun> BuildAgainAsync(params string[] flags)
    {
        await workspace.CleanAsync();
        await using ChildProcess build = Start(flags);
        return new BazelRun(await build.WaitForExitAsync(), build.Output);
    }

    /// <summary>Asserts that the build has written what it is to write.</summary>
    public void AssertOutputs()
    {
        for (int action = 0; action < Actions; action++)
            Assert.Equal(Outputs[action].Content, File.ReadAllBytes(workspace.Output($"{Package}/c{action}.txt")));
    }

    /// <summary>Waits until the CAS has some of the outputs of a build that runs.</summary>
    public async Task WaitForOutputsAsync(ChildProcess running, ServerProcess front, int atLeast)
    {
        await using var channel = new RpcChannel(RpcAddress.Parse(front.GrpcAddress));
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(4));
        while (Actions - (await FindMissingAsync(channel, limit.Token)).Count < atLeast)
        {
            Assert.False(running.HasExited, running.Output);
            await Task.Delay(TimeSpan.FromMilliseconds(20), limit.Token);
        }
    }

    /// <summary>Waits until the CAS has all of the outputs.</summary>
    public async Task WaitForAllAsync(ServerProcess front)
    {
        await using var channel = new RpcChannel(RpcAddress.Parse(front.GrpcAddress));
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(2));
        while ((await FindMissingAsync(channel, limit.Token)).Count > 0)
            await Task.Delay(50, limit.Token);
    }

    /// <summary>Asserts that what the front end calls present can be read, and is right; returns how many that are.</summary>
    public async Task<int> AssertPresentIsReadableAsync(ServerProcess front)
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        await using var channel = new RpcChannel(RpcAddress.Parse(front.GrpcAddress));
        HashSet<Digest> missing = await FindMissingAsync(channel, token);
        var store = new RemoteStore(channel, TimeSpan.Zero, TimeProvider.System);
        foreach (TestBlob blob in Outputs.Where(blob => !missing.Contains(blob.Digest)))
            Assert.Equal(blob.Content, await store.ReadAllAsync(blob.Digest, blob.Content.Length, token));
        return Actions - missing.Count;
    }

    private async Task<HashSet<Digest>> FindMissingAsync(RpcChannel channel, CancellationToken token) =>
        [.. await new RemoteStore(channel, TimeSpan.FromSeconds(30), TimeProvider.System).FindMissingAsync([.. Outputs.Select(blob => blob.Digest)], token)];

    private string LineOf(int action) => string.Create(CultureInfo.InvariantCulture, $"{number} {action} {Environment.ProcessId}\n");

    /// <summary>From a few bytes to some hundred kilobytes.</summary>
    private static int LinesOf(int action) => 1 + (action * action * action / 8);
}
