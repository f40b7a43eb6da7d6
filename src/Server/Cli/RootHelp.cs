using System.CommandLine;

namespace RemoteExec.Server.Cli;

/// <summary>The help of the program as a whole: a screen that leads to everything.</summary>
internal static class RootHelp
{
    private const int Width = 100;
    private const int Indent = 36;

    // What is used together stands together, what comes first on top.
    private static readonly (string[] Commands, string Does)[] groups =
    [
        (["serve"], "run the cache and execution server"),
        (["worker"], "run actions for a server on another machine"),
        (["config"], "check a configuration file, list all settings"),
        (["login", "logout", "profile"], "which server this machine uses, and what it shows it"),
        (["settings"], "what to paste into .bazelrc, pants.toml, .buckconfig and others"),
        (["doctor", "health"], "why a server can't be used or is slow; is it well?"),
        (["builds", "explain", "stats", "top"], "what builds did, why they missed, whether the cache is worth it"),
        (["queue", "workers", "operations", "audit"], "what waits, who works, what runs, what actions looked at"),
        (["run", "exec", "replay"], "run commands on workers; run a past action here"),
        (["check-determinism"], "does the same come of an action each time?"),
        (["push", "pull", "sync", "fetch"], "directories by digest or name: there and back; downloads"),
        (["deploy", "rollback", "releases"], "put a directory into service on this machine, and back"),
        (["ls", "cat", "du", "diff", "refs", "gc"], "look at directories, names for them, what these keep"),
        (["image", "pypi", "verify-result"], "root file systems for actions; Python packages; who made a result"),
        (["token", "user"], "who may use a server"),
        (["conform", "bench"], "try and load any server of the API"),
        (["completion"], "complete commands in bash, zsh and fish"),
    ];

    /// <summary>Writes it.</summary>
    /// <param name="root">The command; what is not in a group is listed as well.</param>
    /// <param name="output">Where to.</param>
    public static void Write(Command root, TextWriter output)
    {
        output.WriteLine("remoteexec: a build cache and remote execution server for Bazel, Pants, Buck2 and others");
        output.WriteLine();
        HashSet<string> visible = [.. root.Subcommands.Where(command => !command.Hidden).Select(command => command.Name)];
        foreach ((string[] commands, string does) in groups)
            WriteLine(output, string.Join(", ", commands.Where(visible.Contains)), does);
        foreach (Command command in root.Subcommands.Where(command => visible.Contains(command.Name) && !groups.Any(group => group.Commands.Contains(command.Name))))
            WriteLine(output, command.Name, FirstPart(command.Description ?? ""));
        output.WriteLine();
        output.WriteLine("'remoteexec COMMAND --help' says what a command does, with its flags and examples.");
        output.WriteLine("Commands that call a server take the one of 'login', or --server URL. Most print JSON with --json.");
        output.WriteLine();
        output.WriteLine("  remoteexec serve                                a server on this machine, nothing to configure");
        output.WriteLine("  remoteexec settings bazel >> .bazelrc           have Bazel use it");
        output.WriteLine("  remoteexec top                                  see what goes on");
    }

    private static void WriteLine(TextWriter output, string names, string does)
    {
        string line = $"  {names.PadRight(Indent - 2)}{does}";
        output.WriteLine(line.Length <= Width ? line : line[..(Width - 1)] + "…");
    }

    private static string FirstPart(string description) => description.Split('.', ':', ';', ',')[0];
}
