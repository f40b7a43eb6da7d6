using RemoteExec.Native;

namespace RemoteExec.Worker.Sandbox;

/// <summary>A command whose program can't be executed: that is its result, as in a shell, and says why.</summary>
internal static class ProgramFailure
{
    private const int NotFound = 127, NotExecutable = 126;

    /// <summary>Writes the reason to the command's standard error, and answers how it ended.</summary>
    /// <param name="command">The command.</param>
    /// <param name="error">The errno.</param>
    /// <param name="exists">True if there is something of the program's name.</param>
    /// <param name="program">The path that was tried; a name without a slash if there was nothing to try.</param>
    /// <exception cref="NativeException">It is not the command's fault.</exception>
    public static async Task<SandboxOutcome> RefuseAsync(SandboxCommand command, int error, bool exists, string program)
    {
        string reason = Explain(error, exists, program);
        await File.AppendAllTextAsync(command.Directory.StdoutPath, "", CancellationToken.None);
        await File.AppendAllTextAsync(command.Directory.StderrPath, $"remoteexec: can't run the command: {reason}\n", CancellationToken.None);
        return new SandboxOutcome(error == Libc.ENOENT ? NotFound : NotExecutable, TimedOut: false, TimeSpan.Zero) { Root = command.Directory.Root };
    }

    private static string Explain(int error, bool exists, string program) => error switch
    {
        Libc.ENOENT when !program.Contains('/', StringComparison.Ordinal) => $"'{program}' is neither in a directory of PATH nor in the working directory",
        Libc.ENOENT when !exists => $"'{program}' does not exist (relative paths start at the working directory)",
        Libc.ENOENT => $"'{program}' exists, but its interpreter (the '#!' line, or the loader of a dynamic executable) does not",
        Libc.EACCES or Libc.EPERM =>
            $"'{program}' can't be executed: it is no file with the executable bit set, or a directory on the way to it is closed",
        Libc.ENOTDIR => $"'{program}' has a file where a directory should be",
        Libc.ELOOP => $"'{program}' is a loop of symlinks",
        Libc.ENAMETOOLONG => $"the name of the program is too long: {program.Length} characters",
        Libc.E2BIG => "the arguments and the environment are too long for this system: use a params file",
        Libc.ENOEXEC or Libc.EINVAL or Libc.ELIBBAD => $"'{program}' is no executable for this machine",
        Libc.ETXTBSY => $"'{program}' is being written to",
        _ => throw new NativeException($"starting '{program}'", error),
    };
}
