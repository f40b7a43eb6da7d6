using System.CommandLine;

namespace RemoteExec.Server.Cli.Operators;

/// <summary><c>--watch</c>: shows something again and again, until a signal.</summary>
internal sealed class WatchFlag
{
    private static readonly TimeSpan pause = TimeSpan.FromSeconds(2);
    private readonly Option<bool> watch = new("--watch") { Description = "show it anew every two seconds, until you interrupt it" };

    /// <summary>Adds it to a command.</summary>
    public WatchFlag(Command command) => command.Add(watch);

    /// <summary>Runs something that shows once, once or again and again.</summary>
    public async Task<int> RunAsync(ParseResult result, Terminal terminal, Func<CancellationToken, Task<int>> show, CancellationToken cancellationToken)
    {
        if (!result.GetValue(watch))
            return await show(cancellationToken);
        using var signals = new StopSignals();
        try
        {
            while (true)
            {
                terminal.Clear();
                await show(signals.Stopping);
                if (!terminal.IsInteractive)
                    terminal.WriteLine("");
                await Task.Delay(pause, TimeProvider.System, signals.Stopping);
            }
        }
        catch (OperationCanceledException) when (signals.Stopping.IsCancellationRequested)
        {
            return ExitCode.Ok;
        }
    }
}
