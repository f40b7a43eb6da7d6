using System.Text;
using RemoteExec.Worker.Inputs;

namespace RemoteExec.Worker.Persistent;

/// <summary>The arguments of a command, taken apart: those that a persistent process is started with, and those that it is asked with.</summary>
/// <param name="Startup">The program, its arguments but for flag files, and <c>--persistent_worker</c>.</param>
/// <param name="Request">What the flag files say.</param>
internal sealed record WorkArguments(IReadOnlyList<string> Startup, IReadOnlyList<string> Request)
{
    private const string PersistentFlag = "--persistent_worker";
    private const int MaxDepth = 16;
    private const int MaxCharacters = 64 * 1024 * 1024;

    /// <summary>True if some arguments are in files, as a persistent process takes them.</summary>
    public static bool HasFlagFiles(ActionCommand command) => command.Arguments.Skip(1).Any(IsFlagFile);

    /// <summary>Takes a command apart, and reads its flag files, and those that they name.</summary>
    /// <param name="command">The command; its working directory is the root.</param>
    /// <param name="root">Its inputs, which nothing changes: an absolute path without symlinks.</param>
    /// <param name="seenAs">Where the command sees the root.</param>
    /// <exception cref="PersistentException">A flag file is not there, or they are too long.</exception>
    public static WorkArguments Read(ActionCommand command, string root, string seenAs)
    {
        var request = new List<string>();
        int room = MaxCharacters;
        foreach (string argument in command.Arguments.Skip(1).Where(IsFlagFile))
            Expand(argument, 0);
        return new WorkArguments([command.Arguments[0], .. command.Arguments.Skip(1).Where(argument => !IsFlagFile(argument)), PersistentFlag], request);

        void Expand(string argument, int depth)
        {
            if (!IsFileName(argument))
            {
                request.Add(argument);
                return;
            }

            string path = argument[1..];
            string relative = path.StartsWith($"{seenAs}/", StringComparison.Ordinal) ? path[(seenAs.Length + 1)..] : path;
            string? file = relative.StartsWith('/') ? null : PathInRoot.Resolve(root, relative, followLast: true, seenAs);
            if (depth == MaxDepth || file is null || !File.Exists(file))
                throw new PersistentException($"'{path}' is no file with arguments");
            foreach (string line in File.ReadLines(file, Encoding.UTF8))
            {
                room -= line.Length;
                if (room < 0)
                    throw new PersistentException("the arguments in files are too long");
                if (line.Length > 0)
                    Expand(line, depth + 1);
            }
        }
    }

    // The flag itself is handed on with the name of its file, for the tool to read; "@" stands for the content.
    private static bool IsFlagFile(string argument) =>
        IsFileName(argument) || argument.StartsWith("--flagfile=", StringComparison.Ordinal) || argument.StartsWith("-flagfile=", StringComparison.Ordinal);

    // "@@" escapes, and "@repository//package" is a label.
    private static bool IsFileName(string argument) =>
        argument.Length > 1 && argument[0] == '@' && argument[1] != '@' && !argument.Contains("//", StringComparison.Ordinal);
}
