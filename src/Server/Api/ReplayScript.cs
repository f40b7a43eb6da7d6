using System.Text;
using RemoteExec.Protocol;

namespace RemoteExec.Server.Api;

/// <summary>Writes the script that runs an action on somebody's machine as a worker would: its inputs, its environment, its working directory, and nothing else, but without a sandbox.</summary>
internal static class ReplayScript
{
    // As workers look for programs (CMD-01).
    private const string UsualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>Writes it.</summary>
    /// <param name="digest">The action.</param>
    /// <param name="command">Its command.</param>
    /// <param name="inputs">Where its input root can be had as a <c>.tar.zst</c>.</param>
    public static string Make(Digest digest, CommandContent command, string inputs)
    {
        var script = new StringBuilder(
            $$"""
            #!/usr/bin/env bash
            # Runs action {{digest.Hash}}/{{digest.SizeBytes}} here: with its inputs, its environment and nothing else, but without a sandbox.
            # In a sandbox, or with a shell in its place, and compared with its result (with its --instance, if it has one): remoteexec replay {{digest.ToArgument()}}
            # usage: bash replay.sh [DIRECTORY], which is to be new or empty. Needs curl, tar and zstd.
            set -euo pipefail
            umask 022
            root=${1:-$(mktemp -d)}
            mkdir -p -- "$root"
            root=$(cd -- "$root" && pwd)
            [ -z "$(ls -A -- "$root")" ] || { echo "$root is not empty" >&2; exit 2; }
            echo "the action runs in $root" >&2
            curl -fsS {{Quote(inputs)}} | tar --zstd -x -C "$root"
            directory="$root"/{{Quote(command.WorkingDirectory)}}
            mkdir -p -- "$directory"
            cd -- "$directory"

            """);
        string[] parents = [.. command.OutputPaths.Select(path => path[..Math.Max(0, path.LastIndexOf('/'))]).Where(path => path.Length > 0).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        if (parents.Length > 0)
            Append(script, "mkdir -p --", parents.Select(Quote));

        List<string> words = [.. command.Environment.Select(variable => Quote($"{variable.Name}={variable.Value}"))];
        if (!command.Environment.Any(variable => variable.Name == "TMPDIR"))
        {
            script.Append("temporary=$(mktemp -d)\ntrap 'rm -rf -- \"$temporary\"' EXIT\n");
            words.Add("TMPDIR=\"$temporary\"");
        }

        string program = command.Arguments[0];
        if (program.Contains('=', StringComparison.Ordinal))
            words.Add("\"$(type -P nice)\" -n 0 --"); // env would take it for a variable
        if (!program.Contains('/', StringComparison.Ordinal) && !command.Environment.Any(variable => variable.Name == "PATH"))
        {
            script.Append($"program=$(PATH={UsualPath} type -P -- {Quote(program)}) || program=./{Quote(program)}\n");
            words.Add("\"$program\"");
        }
        else
        {
            words.Add(Quote(program));
        }

        words.AddRange(command.Arguments.Skip(1).Select(Quote));
        words.Add("</dev/null");
        Append(script, "env -i --", words);
        return script.ToString();
    }

    private static void Append(StringBuilder script, string command, IEnumerable<string> words) =>
        script.Append(command).AppendJoin("", words.Select(word => $" \\\n  {word}")).Append('\n');

    /// <summary>A word of a shell, whatever is in it.</summary>
    private static string Quote(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
