using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using RemoteExec.Protocol.References;
using RemoteExec.Server.Cli.Trees;

namespace RemoteExec.Server.Cli.References;

/// <summary><c>remoteexec gc</c>: what is kept by which reference.</summary>
internal static class GcCommand
{
    /// <summary>What to try.</summary>
    public const string Examples =
        """
        remoteexec gc                  what would be free without which reference
        remoteexec gc releases/ --json
        """;

    private const int BarWidth = 12;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var prefix = new Argument<string>("PREFIX") { Description = "how the names of the references begin [default: all]", DefaultValueFactory = _ => "" };
        var command = new Command("gc", "Shows what is kept from eviction, by which reference. Deletes nothing: what nothing names goes by itself when room is needed.") { prefix };
        var flags = new TreeFlags(command);
        command.SetAction(result => flags.ConnectAsync(result, async (server, cancellationToken) =>
        {
            IReadOnlyList<Reference> references = await server.References.ListAsync(result.GetValue(prefix)!, cancellationToken);
            var kept = new KeptTrees();
            await terminal.WithStepsAsync("references", references.Count, async steps =>
            {
                foreach (Reference reference in references)
                {
                    await kept.AddAsync(reference, flags.InstanceOf(result), server.Cas, cancellationToken);
                    steps.Report(reference.Name);
                }
            });
            IReadOnlyList<KeptBytes> each = kept.Each();
            if (flags.WantsJson(result))
                terminal.WriteLine(JsonSerializer.Serialize(new { References = each, kept.Total.Blobs, kept.Total.Bytes }, TreeFlags.Json));
            else
                Show(each, kept.Total, terminal);
        }));
        return command;
    }

    private static void Show(IReadOnlyList<KeptBytes> each, KeptBytes total, Terminal terminal)
    {
        if (each.Count == 0)
        {
            terminal.WriteLine("nothing is kept by a reference: what was not used for longest goes first when room is needed", Tone.Faint);
            return;
        }

        var table = new Table("NAME", ">BLOBS", ">SIZE", ">ITS ALONE", "", "EXPIRES", "");
        foreach (KeptBytes kept in each)
        {
            table.Add(
                new Cell(kept.Name, Tone.Strong), Words.Number(kept.Blobs), Words.Size(kept.Bytes), Words.Size(kept.OwnBytes), terminal.IsInteractive ? Words.Bar(kept.OwnBytes, total.Bytes, BarWidth) : "",
                kept.Expires?.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) ?? "-", new Cell(kept.Problem, Tone.Bad));
        }

        table.Write(terminal);
        terminal.WriteLine($"{Words.Count(each.Count, "reference")} keep {Words.Size(total.Bytes)} in {Words.Count(total.Blobs, "blob")}", Tone.Faint);
    }
}
