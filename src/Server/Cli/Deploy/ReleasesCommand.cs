using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using RemoteExec.Server.Cli.Trees;
using RemoteExec.Trees.Deploy;

namespace RemoteExec.Server.Cli.Deploy;

/// <summary><c>remoteexec releases</c>.</summary>
internal static class ReleasesCommand
{
    /// <summary>What to try.</summary>
    public const string Examples =
        """
        remoteexec releases /srv/app
        remoteexec releases /srv/app --json
        """;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var directory = new Argument<string>("DIR") { Description = "where releases are kept" };
        var json = new Option<bool>("--json") { Description = "print them as JSON" };
        var command = new Command("releases", "Lists the releases on this machine, the latest one first: which is in service, and how far it is back to the others.") { directory, json };
        command.SetAction(result => TreeFlags.RunAsync(_ =>
        {
            IReadOnlyList<ListedRelease> releases = ListedRelease.Of(DeployDirectory.At(result.GetValue(directory)!));
            if (result.GetValue(json))
                terminal.WriteLine(JsonSerializer.Serialize(releases.Select(ToJson), TreeFlags.Json));
            else
                Show(releases, terminal);
            return Task.CompletedTask;
        }));
        return command;
    }

    private static void Show(IReadOnlyList<ListedRelease> releases, Terminal terminal)
    {
        var table = new Table("", "RELEASE", "DEPLOYED", "FROM");
        foreach (ListedRelease listed in releases)
        {
            Release release = listed.Release;
            Cell state = listed.State switch
            {
                ReleaseState.Current => new Cell("current", Tone.Good),
                ReleaseState.Unfinished => new Cell("unfinished", Tone.Bad),
                _ => listed.Back is { } back ? $"{back} back" : "",
            };
            string from = release.Reference is null ? "" : release.Version is null ? release.Reference : $"{release.Reference}, version {release.Version}";
            table.Add(state, release.Name[..12], release.Deployed.UtcDateTime.ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture), from);
        }

        table.Write(terminal);
    }

    private static object ToJson(ListedRelease listed) => new
    {
        listed.State,
        listed.Back,
        listed.Path,
        Digest = listed.Release.Root.ToArgument(),
        listed.Release.Reference,
        listed.Release.Version,
        listed.Release.Deployed,
    };
}
