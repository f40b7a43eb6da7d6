using RemoteExec.Protocol;
using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Worker.Tests.Inputs;

/// <summary>What actions do to their input roots, where these are cached trees that are mounted, the next one finds undone.</summary>
public sealed class MountedLayerTests
{
    private const string Look = "find . -type f ! -path ./log | sort | xargs -d '\\n' cat | sha256sum >log; find . ! -name log -printf '%M %U %p %l\\n' | sort | sha256sum >>log; ";

    private const string Spoil =
        "for f in a/0 many/0 b/0; do chmod 777 $f; echo spoilt >$f; echo spoilt >>$f; : >$f; truncate -s 99 $f; cp log $f; rm -f $f; ln -s / $f; done; "
        + "rm -rf a many b; mkdir a many; echo more >a/more; ls many | wc -l >>log";

    [Theory]
    [InlineData(10)]
    [InlineData(200)] // so many that the whole root is one tree when it comes again
    public async Task An_action_that_spoils_its_inputs_spoils_no_other(int files)
    {
        Needs.ActionUsers();
        await using ActionFixture worker = await ActionFixture.MakeAsync(tier: SandboxTiers.CachedTrees);
        var seen = new List<string>();

        for (int time = 0; time < 4; time++)
        {
            for (int i = 0; i < files; i++)
                await worker.AddFileAsync($"many/{i}", $"many {i}");
            for (int i = 0; i < 10; i++)
                await (await worker.AddFileAsync($"a/{i}", $"a {i}", executable: i % 2 == 0)).AddFileAsync($"b/{i}", $"b {i}");
            Reapi.ExecuteResponse response = (await worker.ShellAsync(Look + Spoil, "many/out", "log", $"b/out{time}", "many/new/out")).Response;

            Assert.Null(response.Status);
            seen.Add(await worker.ReadAsync(Assert.Single(response.Result.OutputFiles).Digest));
        }

        Assert.EndsWith("\n0\n", seen[0], StringComparison.Ordinal); // it could do what it liked
        Assert.All(seen, what => Assert.Equal(seen[0], what));
    }

    [Fact]
    public async Task Many_at_a_time_share_trees_while_there_is_no_room_for_them()
    {
        Needs.ActionUsers();
        await using ActionFixture worker = await ActionFixture.MakeAsync(options => options with { CacheNodes = 30, FileCacheBytes = 100 }, tier: SandboxTiers.CachedTrees);
        var actions = new List<Reapi.Action>();
        for (int i = 0; i < 24; i++)
        {
            MerkleTreeBuilder builder = ActionFixture.NewTree();
            for (int file = 0; file < 20; file++)
                builder.AddFile($"d{i % 3}/{file}", await worker.StoreAsync(System.Text.Encoding.UTF8.GetBytes($"{i % 3} {file}\n")));
            MerkleTree tree = builder.Build();
            foreach ((Digest digest, ReadOnlyMemory<byte> encoded) in tree.Blobs)
                await worker.StoreAsync(encoded.ToArray());
            var command = new Reapi.Command { Arguments = { "/bin/sh", "-c", $"cat d{i % 3}/* | wc -l" } };
            actions.Add(new Reapi.Action { CommandDigest = (await worker.StoreAsync(command)).ToProto(), InputRootDigest = tree.RootDigest.ToProto() });
        }

        ExecutionOutcome[] outcomes = await Task.WhenAll(actions.Select(action => worker.RunAsync(action)));

        foreach (ExecutionOutcome outcome in outcomes)
            Assert.Equal("20\n", await worker.ReadAsync(outcome.Response.Result.StdoutDigest));
    }
}
