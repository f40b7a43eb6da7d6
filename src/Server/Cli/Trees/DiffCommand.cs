using System.CommandLine;
using System.Text.Json;
using RemoteExec.Protocol;
using RemoteExec.Trees.Local;
using RemoteExec.Trees.Remote;
using RemoteExec.Trees.Stored;

namespace RemoteExec.Server.Cli.Trees;

/// <summary><c>remoteexec diff</c>.</summary>
internal static class DiffCommand
{
    /// <summary>What to try.</summary>
    public const string Examples =
        """
        remoteexec diff nightly@12 nightly
        remoteexec diff nightly ./output
        """;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        const string Help = "a digest or a reference, maybe with :PATH; or a directory on this machine, which begins with / or .";
        var before = new Argument<string>("A") { Description = Help };
        var after = new Argument<string>("B") { Description = "another one" };
        var command = new Command("diff", "Shows which paths differ between two directories: + only in B, - only in A, ~ in both, but not the same.") { before, after };
        var flags = new TreeFlags(command);
        command.SetAction(result =>
        {
            Side left = Side.Parse(flags, result, result.GetValue(before)!), right = Side.Parse(flags, result, result.GetValue(after)!);
            return flags.ConnectAsync(result, async (server, cancellationToken) =>
            {
                Digest? leftRoot = await left.FindAsync(server, cancellationToken), rightRoot = await right.FindAsync(server, cancellationToken);
                if (leftRoot is { } one && rightRoot is { } other && one.Function != other.Function)
                    throw new UsageException($"they can't be compared: one has {one.Function.Name()} digests, the other {other.Function.Name()}");
                DigestFunction function = (leftRoot ?? rightRoot)?.Function ?? DigestFunction.Sha256;
                StoredTree[] trees = await Task.WhenAll(
                    left.LoadAsync(server, leftRoot, flags.InstanceOf(result), function, cancellationToken), right.LoadAsync(server, rightRoot, flags.InstanceOf(result), function, cancellationToken));
                TreeDifference[] differences = [.. TreeDiff.Between(trees[0], trees[1])];
                if (flags.WantsJson(result))
                    terminal.WriteLine(JsonSerializer.Serialize(differences, TreeFlags.Json));
                else
                    Show(differences, terminal);
            });
        });
        return command;
    }

    /// <summary>Shows differences, one in a line.</summary>
    public static void Show(IReadOnlyList<TreeDifference> differences, Terminal terminal)
    {
        if (differences.Count == 0)
            terminal.WriteLine("no difference", Tone.Good);
        foreach (TreeDifference difference in differences)
        {
            string sign = difference.Change switch { TreeChange.Added => "+", TreeChange.Removed => "-", _ => "~" };
            terminal.WriteLine([new Cell(sign, Tone.Strong), " ", difference.Path]);
        }
    }

    /// <summary>One of the two: in the CAS, or on this machine.</summary>
    private sealed record Side(TreeArgument? Stored, string Local)
    {
        public static Side Parse(TreeFlags flags, ParseResult result, string text) =>
            LocalArgument.IsDirectory(text)
                ? new Side(null, text)
                : new Side(flags.ArgumentOf(result, text), "");

        public async Task<Digest?> FindAsync(TreeServer server, CancellationToken cancellationToken) =>
            Stored is null ? null : await server.FindDirectoryAsync(Stored, cancellationToken);

        public Task<StoredTree> LoadAsync(TreeServer server, Digest? root, InstanceName instance, DigestFunction function, CancellationToken cancellationToken) =>
            root is { } digest ? StoredTree.LoadAsync(server.Cas, digest, cancellationToken) : LocalTrees.ReadAsync(Local, instance, function, TreeFlags.State, TimeProvider.System, cancellationToken);
    }
}
