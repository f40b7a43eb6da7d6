using System.CommandLine;
using RemoteExec.Trees.Deploy;

namespace RemoteExec.Server.Cli.Deploy;

/// <summary>The flags of commands that put a release into service.</summary>
internal sealed class HookFlags
{
    private readonly Option<string?> pre = new("--pre") { HelpName = "COMMAND", Description = "run in the release before it is put into service; if it fails, nothing changes" };
    private readonly Option<string?> post = new("--post") { HelpName = "COMMAND", Description = "run in the release after that; if it fails, what was in service before is again" };
    private readonly Option<bool> wait = new("--wait") { Description = "wait while another process changes releases there, instead of failing" };

    /// <summary>Adds them to a command.</summary>
    public HookFlags(Command command)
    {
        command.Add(pre);
        command.Add(post);
        command.Add(wait);
    }

    /// <summary>The hooks.</summary>
    public ReleaseHooks Of(ParseResult result) => new(result.GetValue(pre), result.GetValue(post));

    /// <summary>Whether another process is waited for.</summary>
    public bool Waits(ParseResult result) => result.GetValue(wait);
}
