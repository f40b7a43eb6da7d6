namespace RemoteExec.EndToEnd.Tests;

/// <summary>A real shell completes a line with what the program prints for it.</summary>
public sealed class CompletionTests
{
    [Theory]
    [InlineData("remoteexec doc", "doctor")]
    [InlineData("remoteexec workers und", "undrain")]
    [InlineData("remoteexec bench --conc", "--concurrency")]
    [InlineData("remoteexec settings ", "bazel buck2 buildstream ccache pants please reclient")]
    public async Task Bash_completes(string line, string expected)
    {
        string script = $$"""
            PATH="{{AppContext.BaseDirectory}}:$PATH"
            source <(remoteexec completion bash)
            COMP_LINE='{{line}}' COMP_POINT={{line.Length}}
            COMP_WORDS=($COMP_LINE); [[ $COMP_LINE == *' ' ]] && COMP_WORDS+=('')
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            _remoteexec
            printf '%s\n' "${COMPREPLY[@]}" | grep -v -e '^-' -e '^/' || printf '%s\n' "${COMPREPLY[@]}"
            """;
        await using ChildProcess bash = ChildProcess.Start("bash", ["-c", script]);

        Assert.True(await bash.WaitForExitAsync() == 0, bash.Output);
        Assert.Equal(expected, bash.Output.Trim().ReplaceLineEndings(" "));
    }

    [Theory]
    [InlineData("remoteexec doc", "doctor")]
    [InlineData("remoteexec workers und", "undrain")]
    [InlineData("remoteexec bench --conc", "--concurrency")]
    [InlineData("remoteexec settings b", "bazel buck2 buildstream")]
    public async Task Fish_completes(string line, string expected)
    {
        Requires.Program("fish", "fish");
        using var directory = new TemporaryDirectory();
        string script = $"""
            set -x PATH '{AppContext.BaseDirectory}' $PATH
            remoteexec completion fish | source
            complete -C '{line}'
            """;
        await using ChildProcess fish = ChildProcess.Start("fish", ["--no-config", "-c", script], directory["."]);

        Assert.True(await fish.WaitForExitAsync() == 0, fish.Output);
        Assert.Equal(expected, fish.Output.Trim().ReplaceLineEndings(" "));
    }

    [Theory]
    [InlineData("remoteexec doc", "remoteexec doctor ")]
    [InlineData("remoteexec workers und", "remoteexec workers undrain ")]
    [InlineData("remoteexec bench --conc", "remoteexec bench --concurrency ")]
    public async Task Zsh_completes(string line, string expected)
    {
        Requires.Program("zsh", "zsh");
        using var directory = new TemporaryDirectory();

        // A shell on a terminal of its own; ^T has it tell what is on its line.
        string script = $$"""
            zmodload zsh/zpty
            export PATH='{{AppContext.BaseDirectory}}':$PATH
            zpty shell zsh -f -i
            zpty -w shell 'autoload -U compinit; compinit -u -D; source <(remoteexec completion zsh); tell() { print -rn -- "$BUFFER" >line.new && mv line.new line }; zle -N tell; bindkey "^T" tell; touch ready'
            until [[ -e ready ]]; do zpty -rt shell ignored; sleep 0.1; done
            zpty -w -n shell $'{{line}}\t\x14'
            until [[ -e line ]]; do zpty -rt shell ignored; sleep 0.1; done
            cat line
            """;
        await using ChildProcess zsh = ChildProcess.Start("zsh", ["-f", "-c", script], directory["."]);

        Assert.True(await zsh.WaitForExitAsync() == 0, zsh.Output);
        Assert.Equal(expected, zsh.Output.TrimEnd('\n'));
    }
}
