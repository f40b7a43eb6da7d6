using RemoteExec.Protocol;
using RemoteExec.Trees.Pull;
using RemoteExec.Trees.Push;

namespace RemoteExec.Trees.Tests;

public sealed class RoundTripTests
{
    [Fact]
    public async Task What_is_pushed_is_what_is_pulled_and_a_second_time_nothing_is_to_be_done()
    {
        Chance chance = Chance.Create();
        for (int number = 0; number < 20 * Chance.Effort; number++)
        {
            using var bench = new TreeBench();
            string story = chance.ForCase(number).ToString();
            RandomTree.Fill(bench["from"], chance.ForCase(number).Random);
            string before = RandomTree.Tell(bench["from"]);

            PushedTree pushed = await bench.PushAsync(bench["from"]);
            PulledTree pulled = await bench.PullAsync(bench["to"], pushed.Root);

            Assert.True(before == RandomTree.Tell(bench["to"]), story);
            Assert.Equal((pushed.Files, pushed.Bytes), (pulled.Files, pulled.Bytes));
            PushedTree again = await bench.PushAsync(bench["from"]);
            Assert.Equal((pushed.Root, 0, 0L), (again.Root, again.MissingBlobs, again.SentBytes));
            Assert.True((await bench.PullAsync(bench["to"], pushed.Root)).IsUnchanged, story);
            Assert.Equal(pushed.Root, (await bench.PushAsync(bench["to"])).Root);
            Assert.Equal(["from", "state", "to"], Directory.GetFileSystemEntries(bench["."]).Select(Path.GetFileName).Order());
        }
    }

    [Fact]
    public async Task Changes_are_pulled_over_what_was_pulled_before()
    {
        Chance chance = Chance.Create();
        for (int number = 0; number < 20 * Chance.Effort; number++)
        {
            using var bench = new TreeBench();
            Random random = chance.ForCase(number).Random;
            RandomTree.Fill(bench["from"], random);
            await bench.PullAsync(bench["to"], (await bench.PushAsync(bench["from"])).Root);

            for (int round = 0; round < 3; round++)
            {
                RandomTree.Change(bench["from"], random);
                PushedTree pushed = await bench.PushAsync(bench["from"]);

                PulledTree pulled = await bench.PullAsync(bench["to"], pushed.Root);

                Assert.True(RandomTree.Tell(bench["from"]) == RandomTree.Tell(bench["to"]), chance.ForCase(number).ToString());
                Assert.True(pulled.FetchedBytes <= pushed.MissingBytes, $"{pulled} after {pushed}: {chance.ForCase(number)}");
            }
        }
    }

    [Fact]
    public async Task Every_digest_function_that_the_server_has_will_do()
    {
        foreach (DigestFunction function in DigestFunctions.Supported)
        {
            using var bench = new TreeBench();
            RandomTree.Fill(bench["from"], Chance.Create().Random);

            PushedTree pushed = await bench.PushAsync(bench["from"], function: function);
            await bench.PullAsync(bench["to"], pushed.Root);

            Assert.Equal(function, pushed.Root.Function);
            Assert.Equal(RandomTree.Tell(bench["from"]), RandomTree.Tell(bench["to"]));
        }
    }

    [Fact]
    public async Task A_directory_that_is_pulled_by_another_digest_function_is_still_known()
    {
        using var bench = new TreeBench();
        RandomTree.Fill(bench["from"], Chance.Create().Random);
        File.WriteAllText(bench["from", "file"], "1");
        await bench.PullAsync(bench["to"], (await bench.PushAsync(bench["from"])).Root);
        File.WriteAllText(bench["from", "file"], "2");
        PushedTree pushed = await bench.PushAsync(bench["from"], function: DigestFunction.Blake3);

        await bench.PullAsync(bench["to"], pushed.Root);

        Assert.Equal(RandomTree.Tell(bench["from"]), RandomTree.Tell(bench["to"]));
    }
}
