using System.CommandLine;
using RemoteExec.Protocol;
using RemoteExec.Trees.Local;
using RemoteExec.Trees.Push;

namespace RemoteExec.Server.Cli.Trees;

/// <summary>The flags that say what of a directory is pushed, and how.</summary>
internal sealed class PushFlags
{
    private readonly Option<string?> function = new("--digest-function") { HelpName = "NAME", Description = "the digest function [default: the server's first]" };
    private readonly Option<string[]> exclude = new("--exclude") { HelpName = "PATTERN", Description = $"leave out what fits, as a line of {ScanOptions.IgnoreFile} would; may be repeated" };
    private readonly Option<bool> gitIgnore = new("--gitignore") { Description = "leave out what .gitignore files say, and .git" };
    private readonly Option<bool> skipSpecial = new("--skip-special") { Description = "leave out sockets, pipes, devices and names that are no UTF-8, instead of refusing them" };

    /// <summary>Adds them to a command.</summary>
    public PushFlags(Command command)
    {
        foreach (Option option in new Option[] { function, exclude, gitIgnore, skipSpecial })
            command.Add(option);
    }

    /// <summary>What they say.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="instance">Where it goes.</param>
    /// <exception cref="UsageException">A flag can't be understood.</exception>
    public TreePushOptions Read(ParseResult result, InstanceName instance) => new()
    {
        Instance = instance,
        Function = result.GetValue(function) is { } name ? DigestArgument.Function(name) : DigestFunction.Unknown,
        State = TreeFlags.State,
        Scan = new ScanOptions { Exclude = result.GetValue(exclude) ?? [], ReadsGitIgnore = result.GetValue(gitIgnore), SkipsSpecial = result.GetValue(skipSpecial) },
    };
}
