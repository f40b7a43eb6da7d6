using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace RemoteExec.Server.Cli;

/// <summary>The help of a command, and after it examples; that of the program is a page of its own.</summary>
/// <param name="help">The help.</param>
/// <param name="examples">Examples of commands, by their names; none of commands of commands.</param>
internal sealed class HelpWithExamples(HelpAction help, IReadOnlyDictionary<string, string> examples) : SynchronousCommandLineAction
{
    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        if (parseResult.CommandResult.Command is RootCommand root)
        {
            RootHelp.Write(root, parseResult.InvocationConfiguration.Output);
            return ExitCode.Ok;
        }

        int code = help.Invoke(parseResult);
        bool isNested = parseResult.CommandResult.Parent?.Parent is not null;
        if (!isNested && examples.TryGetValue(parseResult.CommandResult.Command.Name, out string? lines))
        {
            TextWriter output = parseResult.InvocationConfiguration.Output;
            output.WriteLine("Examples:");
            foreach (string line in lines.Split('\n'))
                output.WriteLine($"  {line}");
        }

        return code;
    }
}
