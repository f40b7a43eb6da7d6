using System.CommandLine;
using System.Text.Json;
using RemoteExec.Server.Cli.Builds;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Cli.Top;

/// <summary><c>remoteexec top</c>: what a server does, live.</summary>
internal static class TopCommand
{
    /// <summary>What to try.</summary>
    public const string Examples =
        """
        remoteexec top
        remoteexec top --server https://build-server:8981 --interval 5s
        remoteexec top --json | jq .rates.hitRate       one snapshot, for scripts
        """;

    private const int UsualWidth = 120;
    private const int UsualHeight = 40;
    private static readonly TimeSpan shortest = TimeSpan.FromMilliseconds(100);

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var interval = new Option<string>("--interval") { HelpName = "TIME", Description = "how often to look, and over how long to count for one snapshot", DefaultValueFactory = _ => "1s" };
        var once = new Option<bool>("--once") { Description = "print one snapshot and end" };
        var command = new Command("top", "Shows what a server does, live: hit rate, requests, bytes, queue, workers, builds that go on and actions that run.") { interval, once };
        var connection = new ApiConnection(command);
        command.SetAction((result, _) =>
        {
            TimeSpan pause = Duration.TryParse(result.GetValue(interval)!, out TimeSpan time, out string? error) && time >= shortest
                ? time
                : throw new UsageException($"--interval {result.GetValue(interval)}: {error ?? $"must be at least {Duration.Format(shortest)}"}");
            bool isOnce = result.GetValue(once) || connection.WantsJson(result);
            if (!isOnce && !terminal.IsTerminal)
                throw new UsageException("top draws on a terminal, which standard output is not: write --once or --json for one snapshot");
            return connection.AskAsync(result, terminal, async server =>
            {
                using var signals = new StopSignals();
                var reader = new TopReader(server, TimeProvider.System);
                try
                {
                    if (isOnce)
                        await PrintAsync(reader, pause, connection.WantsJson(result), terminal, signals.Stopping);
                    else
                        await WatchAsync(reader, pause, terminal, signals.Stopping);
                }
                catch (OperationCanceledException) when (signals.Stopping.IsCancellationRequested)
                {
                    // As it was asked to.
                }
            });
        });
        return command;
    }

    // Rates are those between two looks.
    private static async Task PrintAsync(TopReader reader, TimeSpan pause, bool isJson, Terminal terminal, CancellationToken stop)
    {
        TopSnapshot first = await reader.LookAsync(stop);
        if (first.Problem is null)
            await Task.Delay(pause, TimeProvider.System, stop);
        TopSnapshot snapshot = first.Problem is null ? await reader.LookAsync(stop) : first;
        if (snapshot.Problem is { } problem)
            throw new StartupException($"{snapshot.Server} {problem}; name the HTTP address of a server that runs with --server");
        if (isJson)
        {
            terminal.WriteLine(JsonSerializer.Serialize(snapshot, TopJson.Default.TopSnapshot));
            return;
        }

        var history = new TopHistory();
        history.Add(snapshot);
        foreach (IReadOnlyList<Cell> line in TopPage.Draw(history, UsualWidth, UsualHeight, snapshot.At))
            terminal.WriteLine(line);
    }

    private static async Task WatchAsync(TopReader reader, TimeSpan pause, Terminal terminal, CancellationToken stop)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var resized = new ResizeSignal();
        var quit = new QuitKey();
        var history = new TopHistory();
        using var screen = new LiveScreen(terminal.Output, terminal.IsInteractive);
        void Draw() => screen.Show(TopPage.Draw(history, Console.WindowWidth, Console.WindowHeight, TimeProvider.System.GetUtcNow()), Console.WindowWidth, Console.WindowHeight);

        Draw();
        Task<TopSnapshot>? looking = null;
        Task next = Task.CompletedTask;
        while (!quit.Pressed.IsCompleted)
        {
            if (looking is null && next.IsCompleted)
                looking = reader.LookAsync(ending.Token);
            await await Task.WhenAny(looking ?? next, quit.Pressed, resized.Next.WaitAsync(stop));
            if (looking is { IsCompleted: true })
            {
                history.Add(await looking);
                looking = null;
                next = Task.Delay(pause, TimeProvider.System, ending.Token);
            }

            Draw();
        }

        await ending.CancelAsync();
        if (looking is not null)
            await ((Task)looking).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // nobody wants to know any more
    }
}
