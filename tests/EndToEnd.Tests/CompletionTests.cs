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
}
