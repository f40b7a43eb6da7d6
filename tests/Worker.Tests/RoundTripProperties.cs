using FsCheck;
using FsCheck.Fluent;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.Worker.Tests;

/// <summary>What goes in comes out: any tree, laid out as input and taken in as output, has the digest it had.</summary>
public sealed class RoundTripProperties
{
    [Fact, Rule("OUT-06"), Rule("OUT-08"), Rule("DIR-03"), Rule("DIG-11")]
    public async Task Any_tree_survives_being_laid_out_and_taken_in_again()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync();

        Prop.ForAll(
            ArbMap.Default.ArbFor<int>(),
            seed => RoundTripsAsync(worker, seed).GetAwaiter().GetResult()).QuickCheckThrowOnFailure();
    }

    private static async Task<bool> RoundTripsAsync(ActionFixture worker, int seed)
    {
        MerkleTreeBuilder expected = ActionFixture.NewTree();
        var random = new Random(seed);
        await FillAsync(worker, expected, random, "", 0);
        MerkleTree tree = expected.Build();
        foreach ((Digest digest, ReadOnlyMemory<byte> encoded) in tree.Blobs)
            await worker.Cas.WriteAllAsync(digest, encoded, CancellationToken.None);
        Digest root = await worker.StoreAsync(
            new Reapi.Directory { Directories = { new Reapi.DirectoryNode { Name = "tree", Digest = tree.RootDigest.ToProto() } } });
        Digest command = await worker.StoreAsync(new Reapi.Command
        {
            Arguments = { "true" },
            OutputPaths = { "tree" },
            OutputDirectoryFormat = Reapi.Command.Types.OutputDirectoryFormat.TreeAndDirectory,
        });

        ExecutionOutcome outcome = await worker.RunAsync(new Reapi.Action { CommandDigest = command.ToProto(), InputRootDigest = root.ToProto() });

        Assert.Null(outcome.Response.Status);
        Reapi.OutputDirectory output = Assert.Single(outcome.Response.Result.OutputDirectories);
        return output.RootDirectoryDigest.Equals(tree.RootDigest.ToProto())
            && (await worker.ReadAsync(output.TreeDigest, Reapi.Tree.Parser)).Equals(tree.ToTree());
    }

    private static async Task FillAsync(ActionFixture worker, MerkleTreeBuilder tree, Random random, string path, int depth)
    {
        tree.AddDirectory(path);
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (int left = random.Next(6); left > 0; left--)
        {
            string name = NewName(random);
            if (!names.Add(name))
                continue;
            string child = path.Length == 0 ? name : $"{path}/{name}";
            switch (random.Next(depth < 4 ? 4 : 3))
            {
                case 0:
                    tree.AddSymlink(child, NewName(random) + (random.Next(2) == 0 ? "/../x" : ""));
                    break;
                case 3:
                    await FillAsync(worker, tree, random, child, depth + 1);
                    break;
                default:
                    var content = new byte[random.Next(4) == 0 ? random.Next(100_000) : random.Next(20)];
                    random.NextBytes(content);
                    tree.AddFile(child, await worker.StoreAsync(content), random.Next(2) == 0);
                    break;
            }
        }
    }

    private static string NewName(Random random)
    {
        string[] pieces = ["a", "B", "é", "日本", "😀", "\uE000", " ", "\n", "-", "*", "\\", ".x", "\t", "'", "\"", "$(x)", "~"];
        return string.Concat(Enumerable.Range(0, 1 + random.Next(8)).Select(_ => pieces[random.Next(pieces.Length)]));
    }
}
