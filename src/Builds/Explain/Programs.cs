namespace RemoteExec.Builds.Explain;

/// <summary>What a command runs: its program, and the programs that a shell script among its arguments starts.</summary>
internal static class Programs
{
    private static readonly char[] ends = [';', '&', '|', '\n', '(', ')'];
    private static readonly string[] shells = ["sh", "bash", "dash", "ash", "ksh", "zsh"];
    private static readonly string[] before = ["exec", "time", "env", "then", "else", "do", "!", "{"];

    /// <summary>Their names as the command has them; paths below the working directory count from there.</summary>
    public static IEnumerable<string> Of(Reapi.Command? command)
    {
        if (command is null || command.Arguments.Count == 0)
            return [];
        // Compilers have a -c as well, which is another one.
        int shell = command.Arguments.TakeWhile(argument => !shells.Contains(Path.GetFileName(argument))).Count();
        IEnumerable<string> names = [command.Arguments[0], .. command.Arguments.Where((_, position) => position > shell + 1 && command.Arguments[position - 1] == "-c").SelectMany(OfScript)];
        return names.Select(name => Path.Join(command.WorkingDirectory, name.StartsWith("./", StringComparison.Ordinal) ? name[2..] : name));
    }

    // The first word of each simple command, but for words of the shell and assignments. No more than a guess: quoting is not looked at.
    private static IEnumerable<string> OfScript(string script) =>
        script.Split(ends, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(part => part.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).FirstOrDefault(word => !before.Contains(word) && !word.Contains('=', StringComparison.Ordinal)))
            .OfType<string>();
}
