using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using RemoteExec.Python.Index;
using RemoteExec.Python.Names;
using RemoteExec.Server.Cli.Trees;

namespace RemoteExec.Server.Cli.Python;

/// <summary><c>remoteexec pypi</c>: indexes of Python packages.</summary>
internal static class PypiCommand
{
    /// <summary>What to try.</summary>
    public const string Examples =
        """
        remoteexec pypi add team dist/
        remoteexec pypi add team dist/*.whl --channel main --revision 4f2a91c
        remoteexec pypi add team --from nightly:wheels
        remoteexec pypi list team
        remoteexec pypi channels team
        remoteexec pypi yank team demo 1.4.1 --reason 'loses data'
        pip install --index-url http://127.0.0.1:8981/pypi/team/simple/ demo
        """;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal) => new("pypi", "Indexes of Python packages, which pip reads at /pypi/INDEX/simple/.")
    {
        PypiAddCommand.Create(terminal),
        CreateList(terminal),
        CreateChannels(terminal),
        CreateYank(terminal),
        CreateChange(
            terminal, "unyank", "Takes the mark away that 'yank' sets.", "may be used again", (publisher, project, which, _, cancellationToken) => publisher.YankAsync(project, which, null, cancellationToken)),
        CreateChange(
            terminal, "remove", "Takes files away, for good: their names are not given to anything else. 'yank' does less harm.", "is removed",
            (publisher, project, which, _, cancellationToken) => publisher.RemoveAsync(project, which, cancellationToken)),
    };

    /// <summary>What changes an index of a server.</summary>
    public static Publisher PublisherOf(TreeServer server, IndexName name) => new(EditorOf(server, name.Reference), server.Cas, server.Instance, TimeProvider.System);

    private static IndexEditor EditorOf(TreeServer server, string reference) => new(new ClientReference(server.References, reference), server.Cas, server.Instance);

    private static Argument<string> Index => new("INDEX") { Description = "the index" };

    private static Command CreateList(Terminal terminal)
    {
        Argument<string> index = Index;
        var project = new Argument<string?>("PROJECT") { Description = "one project [default: all]", Arity = ArgumentArity.ZeroOrOne };
        var fetched = new Option<bool>("--fetched") { Description = "those that came from its upstream, instead of those that were added" };
        var command = new Command("list", "Lists the files of an index.") { index, project, fetched };
        var flags = new TreeFlags(command);
        command.SetAction(result => flags.ConnectAsync(result, async (server, cancellationToken) =>
        {
            var name = IndexName.Parse(result.GetValue(index)!);
            IndexTree tree = await EditorOf(server, result.GetValue(fetched) ? name.UpstreamReference : name.Reference).ReadAsync(cancellationToken);
            IReadOnlyList<ProjectName> projects = result.GetValue(project) is { } one ? [ProjectName.Parse(one)] : tree.Projects;
            List<(ProjectName Project, FileRecord File)> files = [];
            foreach (ProjectName each in projects)
                files.AddRange((await tree.ReadAsync(each, cancellationToken)).Files.OrderBy(file => PythonVersion.TryParse(file.Version ?? "")).Select(file => (each, file)));
            if (flags.WantsJson(result))
                terminal.WriteLine(JsonSerializer.Serialize(files.Select(file => FileView.Of(file.File)), TreeFlags.Json));
            else if (files.Count == 0)
                terminal.WriteLine($"there is none: 'remoteexec pypi add {name} FILE' puts one into it", Tone.Faint);
            else
                Show(files, terminal);
        }));
        return command;
    }

    private static Command CreateChannels(Terminal terminal)
    {
        Argument<string> index = Index;
        var command = new Command("channels", "Lists the channels of an index, with the newest build of each project.") { index };
        var flags = new TreeFlags(command);
        command.SetAction(result => flags.ConnectAsync(result, async (server, cancellationToken) =>
        {
            var name = IndexName.Parse(result.GetValue(index)!);
            IndexTree tree = await EditorOf(server, name.Reference).ReadAsync(cancellationToken);
            List<ChannelView> channels = [];
            foreach (ProjectName project in tree.Projects)
            {
                foreach (IGrouping<string, FileRecord> builds in (await tree.ReadAsync(project, cancellationToken)).Files.Where(file => file.Channel is not null).GroupBy(file => file.Channel!))
                {
                    FileRecord newest = builds.MaxBy(file => file.Build)!;
                    channels.Add(new ChannelView(project.Value, builds.Key, newest.Version!, newest.Revision!, newest.Added, builds.DistinctBy(file => file.Build).Count()));
                }
            }

            if (flags.WantsJson(result))
                terminal.WriteLine(JsonSerializer.Serialize(channels, TreeFlags.Json));
            else if (channels.Count == 0)
                terminal.WriteLine($"there is none: 'remoteexec pypi add {name} FILE --channel main --revision COMMIT' makes one", Tone.Faint);
            else
                Show(channels, terminal);
        }));
        return command;
    }

    private static Command CreateYank(Terminal terminal)
    {
        var reason = new Option<string>("--reason") { HelpName = "TEXT", Description = "why, which pip shows", DefaultValueFactory = _ => "" };
        Command command = CreateChange(
            terminal, "yank", "Marks files as not to be used any more: pip takes them only where exactly that version is asked for.", "is yanked",
            (publisher, project, which, result, cancellationToken) => publisher.YankAsync(project, which, result.GetValue(reason)!, cancellationToken));
        command.Add(reason);
        return command;
    }

    private static Command CreateChange(Terminal terminal, string verb, string does, string done, Func<Publisher, ProjectName, string, ParseResult, CancellationToken, Task<IReadOnlyList<FileRecord>>> change)
    {
        Argument<string> index = Index;
        var project = new Argument<string>("PROJECT") { Description = "the project" };
        var which = new Argument<string>("VERSION|FILE") { Description = "the version, or one of its files" };
        var command = new Command(verb, does) { index, project, which };
        var flags = new TreeFlags(command);
        command.SetAction(result => flags.ConnectAsync(result, async (server, cancellationToken) =>
        {
            Publisher publisher = PublisherOf(server, IndexName.Parse(result.GetValue(index)!));
            IReadOnlyList<FileRecord> changed = await change(publisher, ProjectName.Parse(result.GetValue(project)!), result.GetValue(which)!, result, cancellationToken);
            if (flags.WantsJson(result))
                terminal.WriteLine(JsonSerializer.Serialize(changed.Select(FileView.Of), TreeFlags.Json));
            else
                changed.ToList().ForEach(file => terminal.WriteLine($"{file.Name} {done}", Tone.Good));
        }));
        return command;
    }

    private static void Show(IEnumerable<(ProjectName Project, FileRecord File)> files, Terminal terminal)
    {
        var table = new Table("PROJECT", "VERSION", ">SIZE", "ADDED", "FILE", "YANKED");
        foreach ((ProjectName project, FileRecord file) in files)
        {
            string yanked = file.Yanked switch
            {
                null => "",
                "" => "yes",
                var why => why,
            };
            table.Add(new Cell(project.Value, Tone.Strong), file.Version ?? "-", Words.Size(file.Size), Time(file.Added), file.Name, new Cell(yanked, Tone.Bad));
        }

        table.Write(terminal);
    }

    private static void Show(IEnumerable<ChannelView> channels, Terminal terminal)
    {
        var table = new Table("PROJECT", "CHANNEL", "NEWEST", "REVISION", "ADDED", ">BUILDS");
        foreach (ChannelView channel in channels)
            table.Add(new Cell(channel.Project, Tone.Strong), channel.Channel, channel.Newest, channel.Revision, Time(channel.Added), channel.Builds.ToString(CultureInfo.InvariantCulture));
        table.Write(terminal);
    }

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);

    private sealed record ChannelView(string Project, string Channel, string Newest, string Revision, DateTimeOffset Added, int Builds);
}
