using System.CommandLine;
using System.Text.Json;
using RemoteExec.Protocol;
using RemoteExec.Trees.Stored;

namespace RemoteExec.Server.Cli.Trees;

/// <summary><c>remoteexec ls</c>.</summary>
internal static class ListCommand
{
    /// <summary>What to try.</summary>
    public const string Examples =
        """
        remoteexec ls nightly
        remoteexec ls -lR sha256:0c9e…/812:docs
        """;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var tree = new Argument<string>("DIGEST|REF[:PATH]") { Description = TreeArgument.Help };
        var isLong = new Option<bool>("-l") { Description = "show kinds, sizes and digests" };
        var isDeep = new Option<bool>("-R") { Description = "list what is in directories as well" };
        var command = new Command("ls", "Lists a directory of the CAS.") { tree, isLong, isDeep };
        var flags = new TreeFlags(command);
        command.SetAction(result =>
        {
            TreeArgument argument = flags.ArgumentOf(result, result.GetValue(tree)!);
            return flags.ConnectAsync(result, async (server, cancellationToken) =>
            {
                StoredNode node = await server.FindAsync(argument, cancellationToken);
                IEnumerable<StoredNode> nodes = node.Directory is not { } directory ? [node]
                    : result.GetValue(isDeep) ? (await StoredTree.LoadAsync(server.Cas, directory, cancellationToken)).Nodes()
                    : await StoredPath.ListAsync(server.Cas, directory, "", cancellationToken);
                if (flags.WantsJson(result))
                    terminal.WriteLine(JsonSerializer.Serialize(nodes.Select(ToJson), TreeFlags.Json));
                else
                    Show(nodes, result.GetValue(isLong), terminal);
            });
        });
        return command;
    }

    private static void Show(IEnumerable<StoredNode> nodes, bool isLong, Terminal terminal)
    {
        foreach (StoredNode node in nodes)
        {
            string name = node.Directory is null ? node.Path : node.Path + "/";
            if (!isLong)
                terminal.WriteLine([name]);
            else if (node.Target is { } target)
                terminal.WriteLine([new Cell($"link  {"",12}  ", Tone.Faint), name, $" -> {target}"]);
            else if (node.File is { } file)
                terminal.WriteLine([new Cell($"{(node.IsExecutable ? "exec" : "file")}  {Words.Number(file.SizeBytes),12}  ", Tone.Faint), name, new Cell($"  {file.ToArgument()}", Tone.Faint)]);
            else
                terminal.WriteLine([new Cell($"dir   {"",12}  ", Tone.Faint), name, new Cell($"  {node.Directory?.ToArgument()}", Tone.Faint)]);
        }
    }

    private static object ToJson(StoredNode node) => new
    {
        node.Path,
        Kind = node.Directory is not null ? "directory" : node.File is not null ? "file" : "symlink",
        Digest = (node.Directory ?? node.File)?.ToArgument(),
        SizeBytes = node.File?.SizeBytes,
        Executable = node.File is null ? (bool?)null : node.IsExecutable,
        node.Target,
    };
}
