using System.CommandLine;

namespace RemoteExec.Server.Cli.Completion;

/// <summary><c>remoteexec completion</c>: what has a shell complete commands, flags and their values.</summary>
internal static class CompletionCommand
{
    /// <summary>What to try.</summary>
    public const string Examples =
        """
        source <(remoteexec completion bash)            in ~/.bashrc
        source <(remoteexec completion zsh)             in ~/.zshrc, after compinit
        remoteexec completion fish | source             in ~/.config/fish/config.fish
        """;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var shell = new Argument<string>("SHELL") { Description = "bash, zsh or fish" };
        shell.AcceptOnlyFromAmong([.. CompletionScripts.All.Keys]);
        var command = new Command("completion", "Prints what has a shell complete commands, flags and their values.") { shell };
        command.SetAction(result => terminal.Output.Write(CompletionScripts.All[result.GetValue(shell)!]));
        return command;
    }
}
