using System.CommandLine;
using System.Text.Json;
using RemoteExec.Protocol;
using RemoteExec.Python.Index;
using RemoteExec.Python.Names;
using RemoteExec.Python.Wheels;
using RemoteExec.Server.Cli.Trees;

namespace RemoteExec.Server.Cli.Python;

/// <summary><c>remoteexec pypi add</c>.</summary>
internal static class PypiAddCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var index = new Argument<string>("INDEX") { Description = "the index, which is made if there is none of that name" };
        var paths = new Argument<string[]>("FILE|DIR") { Description = "wheels and source distributions, or directories with some in them", Arity = ArgumentArity.ZeroOrMore };
        var from = new Option<string?>("--from") { HelpName = "DIGEST|REF[:PATH]", Description = "those in a directory of the CAS" };
        var action = new Option<string?>("--action") { HelpName = "DIGEST", Description = "those among the outputs of an action" };
        var directory = new Option<string?>("--tree") { HelpName = "DIGEST|REF[:PATH]", Description = "a wheel that is a directory of the CAS, unpacked: it is made when somebody wants it" };
        var channel = new Option<string?>("--channel") { HelpName = "NAME", Description = "as the next build of a channel, as main: its version tells build and revision" };
        var revision = new Option<string?>("--revision") { HelpName = "COMMIT", Description = "what a build of a channel was made of" };
        var command = new Command("add", "Puts wheels and source distributions into an index, all of them or none.") { index, paths, from, directory, action, channel, revision };
        var flags = new TreeFlags(command);
        command.SetAction(result =>
        {
            if ((result.GetValue(channel) is null) != (result.GetValue(revision) is null))
                throw new UsageException("--channel and --revision belong together: a build of a channel is one of a revision");
            if ((result.GetValue(paths)!.Length > 0 ? 1 : 0) + new[] { from, directory, action }.Count(option => result.GetValue(option) is not null) != 1)
                throw new UsageException("name files, or --from, --tree or --action: one of them");
            if (result.GetValue(directory) is not null && result.GetValue(channel) is not null)
                throw new UsageException("--tree: a build of a channel has another version than its directory says; add the wheel as a file");
            TreeArgument? unpacked = result.GetValue(directory) is { } wheel ? flags.ArgumentOf(result, wheel) : null;
            TreeArgument? tree = result.GetValue(from) is { } text ? flags.ArgumentOf(result, text) : null;
            Digest? ofAction = result.GetValue(action) is { } digest ? DigestArgument.Parse(flags.InstanceOf(result), digest) ?? throw new UsageException($"--action: '{digest}' is no digest, HASH/SIZE") : null;
            return flags.ConnectAsync(result, async (server, cancellationToken) =>
            {
                var name = IndexName.Parse(result.GetValue(index)!);
                DirectoryInfo work = Directory.CreateTempSubdirectory("remoteexec-pypi-");
                try
                {
                    ChannelBuild? build = result.GetValue(channel) is { } line ? new ChannelBuild(ChannelName.Parse(line), result.GetValue(revision)!, work.CreateSubdirectory("build").FullName) : null;
                    var sources = new DistributionFiles(server, work.FullName);
                    IReadOnlyList<string> files = unpacked is not null ? [] : tree is not null ? await sources.InTreeAsync(tree, cancellationToken)
                        : ofAction is { } one ? await sources.OfActionAsync(one, cancellationToken)
                        : DistributionFiles.Local(result.GetValue(paths)!);
                    List<LocalDistribution> distributions = unpacked is null ? [] : [await sources.OfDirectoryAsync(unpacked, cancellationToken)];
                    foreach (string file in files)
                        distributions.Add(await LocalDistribution.ReadAsync(file, cancellationToken));
                    IReadOnlyList<(FileRecord Record, bool IsNew)> added = await PypiCommand.PublisherOf(server, name).AddAsync(distributions, build, cancellationToken);
                    if (flags.WantsJson(result))
                        terminal.WriteLine(JsonSerializer.Serialize(added.Select(file => FileView.Of(file.Record) with { IsNew = file.IsNew }), TreeFlags.Json));
                    else
                        Show(name, added, terminal);
                }
                finally
                {
                    work.Delete(recursive: true);
                }
            });
        });
        return command;
    }

    private static void Show(IndexName name, IReadOnlyList<(FileRecord Record, bool IsNew)> added, Terminal terminal)
    {
        foreach ((FileRecord record, bool isNew) in added)
            terminal.WriteLine($"{record.Name} {(isNew ? $"is in index '{name}'" : $"was in index '{name}' already")}", isNew ? Tone.Good : Tone.Faint);
    }
}
