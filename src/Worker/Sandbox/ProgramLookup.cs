using RemoteExec.Native;

namespace RemoteExec.Worker.Sandbox;

/// <summary>Finds the program that <c>arguments[0]</c> names (CMD-01).</summary>
internal static class ProgramLookup
{
    /// <summary>Where a bare name is looked for if the command sets no PATH.</summary>
    public const string DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>
    /// The path to execute with <paramref name="workingDirectory"/> as the current directory. A name with a slash stands for itself, absolute or
    /// relative to the working directory. A bare name is looked up in the PATH of the command's environment; what PATH does not know but
    /// the working directory holds is run from there. Null if there is nothing to execute.
    /// </summary>
    /// <remarks>What has a slash is returned as it is, because a script sees this very path as its <c>$0</c>.</remarks>
    /// <param name="name">The name.</param>
    /// <param name="environment">The command's environment.</param>
    /// <param name="workingDirectory">The working directory: an absolute path.</param>
    /// <param name="locate">Where the worker finds what the command sees at an absolute path; null for the same path.</param>
    public static string? Find(string name, IReadOnlyDictionary<string, string> environment, string workingDirectory, Func<string, string?>? locate = null)
    {
        if (name.Length == 0)
            return null;
        if (name.Contains('/', StringComparison.Ordinal))
            return name;

        foreach (string entry in (environment.GetValueOrDefault("PATH") ?? DefaultPath).Split(':'))
        {
            // An empty entry is the current directory, as everywhere.
            string candidate = entry.Length == 0 ? $"./{name}" : Path.Join(entry, name);
            if (IsProgram(Path.Join(entry.StartsWith('/') ? "" : workingDirectory, candidate), locate))
                return candidate;
        }

        return IsProgram(Path.Join(workingDirectory, name), locate) ? $"./{name}" : null;
    }

    private static bool IsProgram(string path, Func<string, string?>? locate)
    {
        try
        {
            string? place = locate is null ? path : locate(path);
            return place is not null && FileStatus.Of(place, followLast: true) is { Kind: FileKind.File, IsExecutable: true };
        }
        catch (NativeException)
        {
            // A PATH entry that can't be looked into holds no program, as for a shell.
            return false;
        }
    }
}
