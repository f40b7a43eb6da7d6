using RemoteExec.Runs.Inputs;
using RemoteExec.Server.Cli.Trees;

namespace RemoteExec.Server.Cli.Runs;

/// <summary>An input as it is written on a command line: <c>PATH[=DEST]</c>.</summary>
/// <param name="What">A file or a directory of this machine, or something in the CAS.</param>
/// <param name="Destination">Where it is to be below the root of the inputs; null for where it is anyway.</param>
internal sealed record InputArgument(string What, string? Destination)
{
    /// <summary>Reads one.</summary>
    /// <exception cref="UsageException">It is none.</exception>
    public static InputArgument Parse(string text)
    {
        int equals = text.LastIndexOf('=');
        if (equals < 0)
            return new InputArgument(text, null);
        string destination = RootPath.Normalize(text[(equals + 1)..]) ?? throw new UsageException($"--input: '{text[(equals + 1)..]}' leads out of the inputs: write a path below their root, or . for that");
        if (Path.Exists(text))
            return new InputArgument(text, null); // its name has the sign in it
        return equals == 0 ? throw new UsageException($"--input: what is to be at '{destination}'? Write PATH=DEST") : new InputArgument(text[..equals], destination);
    }

    /// <summary>True if it is something of this machine: it is written as a path (<c>./x</c>), or there is such a file and it is not written as a digest.</summary>
    public bool IsLocal => LocalArgument.IsDirectory(What) || (Path.Exists(What) && DigestArgument.Parse(default, What) is null);

    /// <summary>Where something of this machine goes: to the place that it has relative to the current directory; what is not below that goes to the root, by its name.</summary>
    public string LocalDestination => Destination ?? RootPath.Normalize(What) ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(What)));
}
