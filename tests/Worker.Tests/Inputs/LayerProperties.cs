using Google.Protobuf.WellKnownTypes;
using RemoteExec.Protocol;
using RemoteExec.TestKit;
using RemoteExec.Worker.Inputs;

namespace RemoteExec.Worker.Tests.Inputs;

/// <summary>However an input root is put together, the action finds the same.</summary>
public sealed class LayerProperties
{
    private const int Cases = 60;
    private static readonly string[] names = ["a", "b", "c", "é", "😀", "\uE000", " x"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact, Rule("CMD-06"), Rule("CMD-07"), Rule("DIR-07")]
    public async Task Layers_show_what_is_laid_out_otherwise()
    {
        await using InputFixture fixture = await InputFixture.MakeAsync();
        var chance = Chance.Create();
        Random random = chance.Random;
        int bound = 0, whole = 0, added = 0, refused = 0;
        for (int i = 0; i < Cases * Chance.Effort || (i < Cases * 50 && !HasSeenAll()); i++)
        {
            ActionLease lease = await fixture.LeaseAsync(
                await NewTreeAsync(fixture, random), random.Next(2) == 0 ? "" : NewPath(random), [.. Enumerable.Range(0, random.Next(4)).Select(_ => NewPath(random)).Distinct()]);
            (SortedDictionary<string, string>? expected, string[] writable, string? error) = await MaterialiseAsync(fixture, lease);

            for (int time = 0; time < 3; time++)
            {
                if (expected is null)
                {
                    refused++;
                    Assert.Equal(error, (await Assert.ThrowsAsync<InvalidActionException>(() => fixture.LayerAsync(lease))).Message);
                    continue;
                }

                (InputLayer layer, string upper) = await fixture.LayerWithUpperAsync(lease);
                await using InputLayer held = layer;
                Assert.True(expected.SequenceEqual(RootSnapshot.Of(layer, upper)), $"{chance}, case {i}: {Difference(expected, RootSnapshot.Of(layer, upper))}");
                Assert.DoesNotContain(layer.Binds, bind => writable.Any(path => IsWithin(bind.Target, path)));
                bound += layer.Binds.Count;
                bool isWhole = layer.Lower.StartsWith(fixture.Scratch.Cache, StringComparison.Ordinal);
                whole += isWhole ? 1 : 0;
                added += isWhole && Directory.Exists(upper) ? 1 : 0;
            }
        }

        Assert.True(HasSeenAll(), $"{chance}: {bound} bound, {whole} whole, {added} with new directories, {refused} refused");

        bool HasSeenAll() => bound > 0 && whole > added && added > 0 && refused > 0;
    }

    /// <summary>What an action finds whose root is all laid out, and the places at which it has to be able to write; or why it is refused.</summary>
    private static async Task<(SortedDictionary<string, string>? Found, string[] Writable, string? Error)> MaterialiseAsync(InputFixture fixture, ActionLease lease)
    {
        await using ActionDirectory directory = fixture.Scratch.MakeActionDirectory(null);
        File.SetUnixFileMode(directory.Root, (UnixFileMode)0x1ED); // 0755, as in layers
        try
        {
            ActionCommand command = await fixture.Inputs.MaterialiseAsync(lease, directory, Cancellation);
            IEnumerable<string?> outputs = command.Outputs.SelectMany(output => ((bool[])[false, true]).Select(followed =>
                PathInRoot.Resolve(directory.Root, $"{command.WorkingDirectory}/{output.Path}", followed)));
            string[] writable = [.. outputs.OfType<string>().SelectMany(path => (string[])[path, Path.GetDirectoryName(path)!])
                .Append(Path.Combine(directory.Root, command.WorkingDirectory)).Select(path => Path.GetRelativePath(directory.Root, path))];
            return (RootSnapshot.Of(directory.Root), writable, null);
        }
        catch (InvalidActionException exception)
        {
            return (null, [], exception.Message);
        }
    }

    private static bool IsWithin(string directory, string path) => path == directory || path.StartsWith(directory + "/", StringComparison.Ordinal);

    private static string Difference(SortedDictionary<string, string> expected, SortedDictionary<string, string> found) => string.Join(
        "; ",
        expected.Keys.Union(found.Keys).Where(path => expected.GetValueOrDefault(path) != found.GetValueOrDefault(path))
            .Select(path => $"'{path}' is {found.GetValueOrDefault(path)}, not {expected.GetValueOrDefault(path)}").Take(5));

    private static async Task<MerkleTree> NewTreeAsync(InputFixture fixture, Random random)
    {
        MerkleTreeBuilder tree = InputFixture.NewTree();
        await FillAsync(fixture, tree, random, "", 0);
        if (random.Next(3) == 0)
        {
            for (int i = 0; i < 150; i++)
                tree.AddFile($"many {i}", await fixture.StoreAsync($"{i % 10}"));
        }

        return tree.Build();
    }

    private static async Task FillAsync(InputFixture fixture, MerkleTreeBuilder tree, Random random, string path, int depth)
    {
        tree.AddDirectory(path, random.Next(6) == 0 && depth > 0 ? NewProperties(random) : null);
        foreach (string name in names)
        {
            string child = path.Length == 0 ? name : $"{path}/{name}";
            switch (random.Next(depth < 3 ? 6 : 4))
            {
                case 0:
                    break;
                case 1:
                    tree.AddSymlink(child, NewTarget(random));
                    break;
                case 2 or 3:
                    tree.AddFile(child, await fixture.StoreAsync($"{random.Next(20)}"), random.Next(2) == 0, random.Next(6) == 0 ? NewProperties(random) : null);
                    break;
                default:
                    await FillAsync(fixture, tree, random, child, depth + 1);
                    break;
            }
        }
    }

    // With all rights for the owner: the test has to look into all directories.
    private static Reapi.NodeProperties NewProperties(Random random) => new()
    {
        UnixMode = random.Next(2) == 0 ? 0x1C0u + (uint)random.Next(0x40) : null,
        Mtime = random.Next(2) == 0 ? new Timestamp { Seconds = 1_000_000_000 + random.Next(1000) } : null,
    };

    private static string NewTarget(Random random) => (random.Next(4) == 0 ? "../" : "") + NewPath(random);

    private static string NewPath(Random random) => string.Join('/', Enumerable.Range(0, 1 + random.Next(3)).Select(_ => names[random.Next(names.Length)]));
}
