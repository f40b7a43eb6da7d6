using System.CommandLine;
using System.Text.Json;
using RemoteExec.Images;
using RemoteExec.Protocol;
using RemoteExec.Trees.Stored;

namespace RemoteExec.Server.Cli.Images;

/// <summary><c>remoteexec image diff</c>.</summary>
internal static class ImageDiffCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var before = new Argument<string>("A") { Description = "the name of an image, or its digest, HASH/SIZE" };
        var after = new Argument<string>("B") { Description = "another one" };
        var json = new Option<bool>("--json") { Description = "print the differences as JSON" };
        var command = new Command("diff", "Shows which paths differ between two images: + only in B, - only in A, ~ in both, but not the same.") { before, after, json };
        var flags = new ImageFlags(command);
        command.SetAction(result =>
        {
            Digest left = flags.ImageOf(result, result.GetValue(before)!), right = flags.ImageOf(result, result.GetValue(after)!);
            if (left.Function != right.Function)
                throw new UsageException($"the images can't be compared: one has {left.Function.Name()} digests, the other {right.Function.Name()}");
            return flags.ConnectAsync(result, async (cas, cancellationToken) =>
            {
                StoredTree[] images = await Task.WhenAll(StoredTree.LoadAsync(cas, left, cancellationToken), StoredTree.LoadAsync(cas, right, cancellationToken));
                TreeDifference[] differences = [.. TreeDiff.Between(images[0], images[1])];
                if (result.GetValue(json))
                    terminal.WriteLine(JsonSerializer.Serialize(differences, ImageCommand.Json));
                else
                    Show(differences, terminal);
            });
        });
        return command;
    }

    private static void Show(TreeDifference[] differences, Terminal terminal)
    {
        if (differences.Length == 0)
            terminal.WriteLine("no difference", Tone.Good);
        foreach (TreeDifference difference in differences)
        {
            string sign = difference.Change switch { TreeChange.Added => "+", TreeChange.Removed => "-", _ => "~" };
            terminal.WriteLine([new Cell(sign, Tone.Strong), " ", difference.Path]);
        }
    }
}
