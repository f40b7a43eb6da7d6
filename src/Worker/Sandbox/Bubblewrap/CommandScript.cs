using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using RemoteExec.Native;

namespace RemoteExec.Worker.Sandbox.Bubblewrap;

/// <summary>
/// What bwrap starts: a shell script that sets limits and executes the command. bwrap itself takes no more than 9000 arguments and adds a variable to every environment; it can't say either why a
/// program could not be executed, which <c>env</c> does.
/// </summary>
internal static partial class CommandScript
{
    /// <summary>Where the sandbox has it.</summary>
    public const string Place = "/.command";

    private const string Env = "/usr/bin/env", Nice = "/usr/bin/nice";
    private const int BlockBytes = 512; // what the shell counts the length of files in
    private const int NotExecutable = 126, NotFound = 127;
    private const int LongestMessage = 64 * 1024;

    // What the C library says in the locale C.
    private static readonly Dictionary<string, int> errors = new()
    {
        ["No such file or directory"] = Libc.ENOENT,
        ["Permission denied"] = Libc.EACCES,
        ["Operation not permitted"] = Libc.EPERM,
        ["Not a directory"] = Libc.ENOTDIR,
        ["Is a directory"] = Libc.EACCES,
        ["Too many levels of symbolic links"] = Libc.ELOOP,
        ["File name too long"] = Libc.ENAMETOOLONG,
        ["Argument list too long"] = Libc.E2BIG,
        ["Exec format error"] = Libc.ENOEXEC,
        ["Invalid argument"] = Libc.EINVAL,
        ["Text file busy"] = Libc.ETXTBSY,
        ["Accessing a corrupted shared library"] = Libc.ELIBBAD,
    };

    /// <summary>Makes it.</summary>
    /// <param name="program">What to execute: as for <c>execvp</c>.</param>
    /// <param name="command">The arguments, the environment and the limits.</param>
    public static string Make(string program, SandboxCommand command)
    {
        var script = new StringBuilder("ulimit -c 0; ulimit -S -n 1024");
        if (command.Limits.FileBytes > 0)
            script.Append(CultureInfo.InvariantCulture, $"; ulimit -f {(command.Limits.FileBytes + BlockBytes - 1) / BlockBytes}");
        script.Append($"\nexec {Env} -i");
        foreach ((string name, string value) in command.Environment)
            AppendWord(script, $"{name}={value}");

        // It would be taken for a variable: another program that executes its arguments stands in between.
        if (program.Contains('=', StringComparison.Ordinal))
            script.Append($" {Nice} -n 0");
        AppendWord(script, program);
        foreach (string argument in command.Arguments.Skip(1))
            AppendWord(script, argument);
        return script.Append('\n').ToString();
    }

    /// <summary>
    /// For which error the program was not executed; null if it was. A program that exits with the code of such a failure, and has said nothing but what it is told by, is taken for
    /// one.
    /// </summary>
    public static int? FindFailure(int exitCode, string stderrPath)
    {
        if (exitCode is not (NotExecutable or NotFound) || FileStatus.Of(stderrPath) is not { Length: > 0 and < LongestMessage })
            return null;
        Match said = Failure().Match(File.ReadAllText(stderrPath));
        return said.Success && errors.TryGetValue(said.Groups["error"].Value, out int error) ? error : null;
    }

    // A quote ends the quotation, stands for itself, and begins the next.
    private static void AppendWord(StringBuilder script, string word) => script.Append(" '").Append(word.Replace("'", "'\\''", StringComparison.Ordinal)).Append('\'');

    // The second line is advice that env gives if there is a space in the name.
    [GeneratedRegex(@"\A(?:/usr/bin/env|/usr/bin/nice|/\.command): [^\n]*: (?<error>[^:\n]+)\n(?:/usr/bin/env: use [^\n]*\n)?\z")]
    private static partial Regex Failure();
}
