namespace RemoteExec.Server.Cli.Completion;

/// <summary>Scripts for shells. Each asks the program itself what could stand at the cursor, so that none of them has to know any command.</summary>
internal static class CompletionScripts
{
    /// <summary>The scripts, by shell.</summary>
    public static IReadOnlyDictionary<string, string> All { get; } = new SortedDictionary<string, string>(StringComparer.Ordinal)
    {
        ["bash"] =
            """
            _remoteexec() {
                local typed="${COMP_LINE:0:COMP_POINT}" IFS=$'\n'
                typed="${typed#* }"
                COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" "[suggest:${#typed}]" "$typed" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
            }
            complete -o default -F _remoteexec remoteexec

            """,
        ["fish"] =
            """
            function __remoteexec_suggest
                set -l typed (string replace -r '^\s*\S+\s' '' -- (commandline -cp))
                remoteexec "[suggest:"(string length -- "$typed")"]" "$typed" 2>/dev/null
            end
            complete -c remoteexec -a '(__remoteexec_suggest)'

            """,
        ["zsh"] =
            """
            _remoteexec() {
                local typed="${LBUFFER#* }"
                local -a found=("${(@f)$("${words[1]}" "[suggest:${#typed}]" "$typed" 2>/dev/null)}")
                compadd -- "${found[@]}" || _files
            }
            compdef _remoteexec remoteexec

            """,
    };
}
