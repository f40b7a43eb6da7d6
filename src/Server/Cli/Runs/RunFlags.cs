using System.CommandLine;
using RemoteExec.Server.Cli.Trees;

namespace RemoteExec.Server.Cli.Runs;

/// <summary>The flags of what runs a command and passes on what it writes: where what it makes goes, and what is told.</summary>
internal sealed class RunFlags
{
    private readonly Option<string?> download;
    private readonly Option<bool> force = new("--force") { Description = "replace directories that are in the way of outputs, even if something is in them that was not fetched" };
    private readonly Option<bool> quiet = new("--quiet", "-q") { Description = "write nothing to standard error but what the command writes, and failures" };
    private readonly TreeFlags flags;

    /// <summary>Adds them to a command.</summary>
    /// <param name="command">The command.</param>
    /// <param name="whereTo">What is said of the directory that outputs go to.</param>
    public RunFlags(Command command, string whereTo)
    {
        download = new Option<string?>("--download") { HelpName = "DIR", Description = whereTo };
        command.Add(download);
        command.Add(force);
        command.Add(quiet);
        flags = new TreeFlags(command);
    }

    /// <summary>The flags that say where the server is.</summary>
    public TreeFlags Server => flags;

    /// <summary>Makes what runs an action as these flags say.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="namesOutputs">Whether the command line names outputs, which go to the current directory then if nothing else is said, and else nowhere.</param>
    /// <param name="terminal">Where it tells of that.</param>
    public ActionRun Read(ParseResult result, bool namesOutputs, Terminal terminal) => new(terminal)
    {
        Directory = result.GetValue(download) ?? (namesOutputs ? "." : null),
        NamesOutputs = namesOutputs,
        Force = result.GetValue(force),
        IsQuiet = result.GetValue(quiet),
        IsJson = flags.WantsJson(result),
    };
}
