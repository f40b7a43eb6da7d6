using System.Text.Json;
using RemoteExec.Server.Cli.Trees;
using RemoteExec.Trees.Deploy;

namespace RemoteExec.Server.Cli.Deploy;

/// <summary>Tells what came of deployments: a line for each, or an object of JSON on a line.</summary>
/// <param name="terminal">Where to.</param>
/// <param name="isJson">Whether it is JSON.</param>
internal sealed class DeployOutput(Terminal terminal, bool isJson)
{
    private static readonly JsonSerializerOptions line = new(TreeFlags.Json) { WriteIndented = false };

    /// <summary>Tells of a deployment.</summary>
    public void Tell(DeployedRelease deployed)
    {
        if (isJson)
        {
            terminal.WriteLine(JsonSerializer.Serialize(ToJson(deployed), line));
            return;
        }

        string before = deployed.Before is null ? "" : $", in the place of {deployed.Before}";
        string done = deployed.IsUnchanged
            ? "nothing to do"
            : $"{Words.Count(deployed.Pulled.Files, "file")}, {Words.Size(deployed.Pulled.FetchedBytes)} fetched{before}";
        terminal.WriteLine([new Cell($"{deployed.Path} is in service", Tone.Strong), new Cell($"  {done}", Tone.Faint)]);
    }

    /// <summary>Tells of a release that is in service again.</summary>
    /// <param name="now">The release.</param>
    /// <param name="path">Its directory.</param>
    /// <param name="before">The one that was in service.</param>
    public void Tell(Release now, string path, Release? before)
    {
        if (isJson)
            terminal.WriteLine(JsonSerializer.Serialize(new { Path = path, Digest = now.Root.ToArgument(), now.Reference, now.Version, Before = before?.Root.ToArgument() }, line));
        else
            terminal.WriteLine([new Cell($"{path} is in service", Tone.Strong), new Cell(before is null || before == now ? "  nothing to do" : $"  in the place of {before}", Tone.Faint)]);
    }

    /// <summary>Tells of what went wrong, while it goes on.</summary>
    public void Warn(string message) => terminal.WriteError(message);

    private static object ToJson(DeployedRelease deployed) => new
    {
        deployed.Path,
        Digest = deployed.Release.Root.ToArgument(),
        deployed.Release.Reference,
        deployed.Release.Version,
        Before = deployed.Before?.Root.ToArgument(),
        Unchanged = deployed.IsUnchanged,
        deployed.Pulled.Files,
        deployed.Pulled.Bytes,
        deployed.Pulled.FetchedBlobs,
        deployed.Pulled.FetchedBytes,
        deployed.Deleted,
    };
}
