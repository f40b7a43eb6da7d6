using Microsoft.Extensions.Logging;
using RemoteExec.Cas;
using RemoteExec.Python.Index;
using RemoteExec.Python.Names;

namespace RemoteExec.Python.Serving;

/// <summary>Looks after all indexes, once an hour, until it is disposed of; and a last time then, so that what was used is written down.</summary>
public sealed class IndexKeeper : IAsyncDisposable
{
    private static readonly TimeSpan interval = TimeSpan.FromHours(1);
    private static readonly TimeSpan lastPatience = TimeSpan.FromSeconds(5);
    private readonly PythonIndexes indexes;
    private readonly IndexKeeperOptions options;
    private readonly ILogger logger;
    private readonly TimeProvider time;
    private readonly CancellationTokenSource stop = new();
    private readonly Task running;

    /// <summary>Begins.</summary>
    /// <param name="indexes">The indexes.</param>
    /// <param name="options">Where they are, and how long what stays.</param>
    /// <param name="logger">Told of what is taken away, and of what fails.</param>
    /// <param name="time">The clock.</param>
    public IndexKeeper(PythonIndexes indexes, IndexKeeperOptions options, ILogger logger, TimeProvider time)
    {
        (this.indexes, this.options, this.logger, this.time) = (indexes, options, logger, time);
        running = Task.Run(RunAsync);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await running;
        using var limit = new CancellationTokenSource(lastPatience, time);
        foreach (ServedIndex index in indexes.Used)
            await KeepAsync(index, limit.Token);
        stop.Dispose();
    }

    /// <summary>One round. Internal for tests.</summary>
    internal async Task KeepAllAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<IndexName> named = [];
        try
        {
            named = await options.ListAsync(cancellationToken);
        }
        catch (CasException exception)
        {
            PythonLog.UpkeepFailed(logger, "*", exception.Message);
        }

        foreach (IndexName name in named.Union(indexes.Configured.Select(index => index.Name)))
            await KeepAsync(indexes.Find(name), cancellationToken);
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                await Task.Delay(interval, time, stop.Token);
                await KeepAllAsync(stop.Token);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    private async Task KeepAsync(ServedIndex index, CancellationToken cancellationToken)
    {
        try
        {
            IndexEditor Editor(string reference) => new(options.Open(index.Instance, reference), options.Cas, index.Instance);
            var uses = new UseDays(options.Open(index.Instance, index.Name.UsesReference), options.Cas, index.Instance);
            int gone = await new IndexUpkeep(Editor(index.Name.Reference), Editor(index.Name.UpstreamReference), uses, options.RetentionOf(index.Name), time).RunAsync(index.Uses, cancellationToken);
            if (gone > 0)
                PythonLog.Retired(logger, index.Name.Value, gone);
        }
        catch (Exception exception) when (exception is CasException or PythonIndexException || (exception is OperationCanceledException && running.IsCompleted))
        {
            PythonLog.UpkeepFailed(logger, index.Name.Value, exception.Message);
        }
    }
}
