using System.CommandLine;
using System.Text.Json;
using RemoteExec.Protocol;
using RemoteExec.Trees.Stored;

namespace RemoteExec.Server.Cli.Trees;

/// <summary><c>remoteexec du</c>.</summary>
internal static class UseCommand
{
    /// <summary>What to try.</summary>
    public const string Examples =
        """
        remoteexec du nightly
        remoteexec du nightly:node_modules --depth 2
        """;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var tree = new Argument<string>("DIGEST|REF[:PATH]") { Description = TreeArgument.Help };
        var depth = new Option<int>("--depth") { HelpName = "N", Description = "how deep the directories are that are shown", DefaultValueFactory = _ => 1 };
        var command = new Command("du", "Shows how much the directories of a directory of the CAS have.") { tree, depth };
        var flags = new TreeFlags(command);
        command.SetAction(result =>
        {
            if (result.GetValue(depth) < 0)
                throw new UsageException("--depth: can't be negative");
            TreeArgument argument = flags.ArgumentOf(result, result.GetValue(tree)!);
            return flags.ConnectAsync(result, async (server, cancellationToken) =>
            {
                Digest root = await server.FindDirectoryAsync(argument, cancellationToken);
                IReadOnlyList<TreeUse> uses = TreeUse.Of(await StoredTree.LoadAsync(server.Cas, root, cancellationToken), result.GetValue(depth));
                if (flags.WantsJson(result))
                    terminal.WriteLine(JsonSerializer.Serialize(uses, TreeFlags.Json));
                else
                    Show(uses, terminal);
            });
        });
        return command;
    }

    private static void Show(IReadOnlyList<TreeUse> uses, Terminal terminal)
    {
        var table = new Table(">FILES", ">SIZE", ">UNIQUE", "DIRECTORY");
        foreach (TreeUse use in uses)
            table.Add(Words.Number(use.Files), Words.Size(use.Bytes), Words.Size(use.UniqueBytes), use.Path.Length == 0 ? "." : use.Path);
        table.Write(terminal);
    }
}
