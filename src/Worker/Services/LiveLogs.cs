using Microsoft.Extensions.Logging;
using RemoteExec.Protocol;
using RemoteExec.Worker.Outputs;

namespace RemoteExec.Worker.Services;

/// <summary>The live logs of one action: nothing of one that ends within a second, else what it has written, told a few times each second.</summary>
internal sealed class LiveLogs : IAsyncDisposable
{
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan interval = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan farewell = TimeSpan.FromSeconds(5);
    private readonly LiveLog stdout;
    private readonly LiveLog stderr;
    private readonly Action<string, string> announce;
    private readonly TimeProvider time;
    private readonly CancellationTokenSource stopping = new();
    private readonly Task following;
    private bool hasBegun;
    private bool isFinished;
    private (string, string) announced = ("", "");

    /// <summary>Begins to follow logs.</summary>
    /// <param name="stdout">The log of standard output.</param>
    /// <param name="stderr">The log of standard error.</param>
    /// <param name="instance">The action's instance.</param>
    /// <param name="client">The way to the server.</param>
    /// <param name="announce">Told the names of the streams for readers whenever they change; a name is empty as long as there is no such stream.</param>
    /// <param name="logger">For its log.</param>
    /// <param name="time">The clock.</param>
    public LiveLogs(ActionLog stdout, ActionLog stderr, InstanceName instance, LogStreamClient client, Action<string, string> announce, ILogger logger, TimeProvider time)
    {
        this.stdout = new LiveLog(stdout, instance, client, logger, time);
        this.stderr = new LiveLog(stderr, instance, client, logger, time);
        this.announce = announce;
        this.time = time;
        following = FollowAsync();
    }

    /// <summary>Sends what is left of logs that nothing is added to any more, if they were followed at all, and that they have ended; takes a few seconds at most.</summary>
    public async Task FinishAsync()
    {
        await stopping.CancelAsync();
        await following;
        if (!hasBegun || isFinished)
            return;
        isFinished = true;
        using var enough = new CancellationTokenSource(farewell, time);
        try
        {
            await SendAsync(finishes: true, enough.Token);
        }
        catch (OperationCanceledException) when (enough.IsCancellationRequested)
        {
            // The server finds out by itself that nothing more comes.
        }
    }

    /// <summary>Ends it; to be called after <see cref="FinishAsync"/>, or if the logs are of no use.</summary>
    public async ValueTask DisposeAsync()
    {
        await FinishAsync();
        stopping.Dispose();
    }

    private async Task FollowAsync()
    {
        try
        {
            await Task.Delay(patience, time, stopping.Token);
            hasBegun = true;
            while (true)
            {
                await SendAsync(finishes: false, stopping.Token);
                await Task.Delay(interval, time, stopping.Token);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Its end is FinishAsync's.
        }
    }

    private async Task SendAsync(bool finishes, CancellationToken cancellationToken)
    {
        await Task.WhenAll(stdout.SendAsync(finishes, cancellationToken), stderr.SendAsync(finishes, cancellationToken));
        (string, string) names = (stdout.Name, stderr.Name);
        if (names == announced)
            return;
        announced = names;
        announce(names.Item1, names.Item2);
    }
}
