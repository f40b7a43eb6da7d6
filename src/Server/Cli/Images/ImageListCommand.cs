using System.CommandLine;
using System.Text.Json;

namespace RemoteExec.Server.Cli.Images;

/// <summary><c>remoteexec image ls</c>.</summary>
internal static class ImageListCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var json = new Option<bool>("--json") { Description = "print them as JSON" };
        var command = new Command("ls", "Lists the images that this user has given names (image build --tag). Asks no server.") { json };
        command.SetAction(result =>
        {
            IReadOnlyList<ImageTag> tags = ImageFlags.Tags.List();
            if (result.GetValue(json))
                terminal.WriteLine(JsonSerializer.Serialize(tags, ImageCommand.Json));
            else
                Show(tags, terminal);
        });
        return command;
    }

    private static void Show(IReadOnlyList<ImageTag> tags, Terminal terminal)
    {
        if (tags.Count == 0)
        {
            terminal.WriteLine("no image has a name yet: remoteexec image build RECIPE --tag NAME", Tone.Faint);
            return;
        }

        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        var table = new Table("NAME", ">FILES", ">SIZE", ">AGE", "ROOT");
        foreach (ImageTag tag in tags)
            table.Add(tag.Name, Words.Number(tag.Files), Words.Size(tag.Bytes), Words.Age(now - tag.Built), tag.Instance.Length == 0 ? tag.Root : $"{tag.Root} in {tag.Instance}");
        table.Write(terminal);
    }
}
