using System.Text;
using RemoteExec.Native;
using RemoteExec.Worker.Inputs;
using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Worker.Replay;

/// <summary>The shell that somebody gets in the sandbox of an action, and the script by which he runs the action's command there.</summary>
internal static class ActionShell
{
    private const string ScriptName = "action", TerminalVariable = "TERM";
    private const UnixFileMode Executable = (UnixFileMode)0x1ED; // 0755

    /// <summary>What is looked for, the best first.</summary>
    public static IReadOnlyList<string> Programs { get; } = ["/bin/bash", "/bin/sh", "/usr/bin/bash", "/usr/bin/sh"];

    /// <summary>The first that is there; null if none is.</summary>
    /// <param name="image">Where the root file system is that the action sees; null for this machine's.</param>
    public static string? Find(string? image) => Programs.FirstOrDefault(program =>
        image is null ? File.Exists(program) : PathInRoot.Resolve(image, program[1..], followLast: true, seenAs: "/") is { } place && FileStatus.Of(place) is { Kind: FileKind.File });

    /// <summary>How it is called: it reads no files of its own, for they are no part of the action.</summary>
    public static IReadOnlyList<string> ArgumentsOf(string shell) => shell.EndsWith("bash", StringComparison.Ordinal) ? [shell, "--noprofile", "--norc"] : [shell];

    /// <summary>An environment in which programs know how to write to the terminal, unless the action says so itself.</summary>
    public static IReadOnlyDictionary<string, string> WithTerminal(IReadOnlyDictionary<string, string> environment)
    {
        var more = new Dictionary<string, string>(environment, StringComparer.Ordinal);
        if (Environment.GetEnvironmentVariable(TerminalVariable) is { Length: > 0 } kind)
            more.TryAdd(TerminalVariable, kind);
        return more;
    }

    /// <summary>Writes the script into the action's temporary directory; the answer is where the shell sees it.</summary>
    public static string WriteScript(ReadyAction ready, ISandbox sandbox)
    {
        ActionCommand command = ready.Command;
        var script = new StringBuilder("#!/bin/sh\n# The action's command, where and as a worker starts it, with the variables that this shell has.\n");
        if (!command.Environment.ContainsKey(TerminalVariable))
            script.Append($"unset {TerminalVariable}\n");
        script.Append($"cd {Quote(Path.Join(ready.SeenRoot, command.WorkingDirectory))} || exit\n");
        script.Append($"exec {Quote(command.Arguments)} </dev/null\n");
        string path = Path.Join(ready.Directory.Temporary, ScriptName);
        File.WriteAllText(path, script.ToString());
        File.SetUnixFileMode(path, Executable);
        ready.Directory.GiveAway(path);
        return Path.Join(sandbox.TemporaryOf(ready.Directory), ScriptName);
    }

    /// <summary>A command of a shell.</summary>
    public static string Quote(IReadOnlyList<string> arguments) => string.Join(' ', arguments.Select(Quote));

    // A word of a shell, whatever is in it.
    private static string Quote(string text) =>
        text.Length > 0 && text.All(character => char.IsAsciiLetterOrDigit(character) || "-_./=:,+@%".Contains(character, StringComparison.Ordinal))
            ? text
            : $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
