using Microsoft.Extensions.Logging;
using RemoteExec.Protocol;
using RemoteExec.Worker.Inputs;

namespace RemoteExec.Worker.Services;

/// <summary>
/// Fetches inputs of actions that may come, into the caches from which their input roots are made: one action after the other, in the order in which they are expected, and only
/// while no action that has started fetches inputs. What it fetched for those that are still expected takes up no more than a part of the caches' room. Failures end nothing: who runs the
/// action finds out. May be called concurrently; disposing stops it.
/// </summary>
/// <param name="source">Fetches.</param>
/// <param name="logger">Told of failures.</param>
internal sealed class InputsAhead(AheadSource source, ILogger logger) : IAsyncDisposable
{
    private readonly CancellationTokenSource stopping = new();
    private readonly Lock gate = new(); // guards everything below
    private readonly Dictionary<Digest, long> fetched = []; // bytes, by those that are expected
    private IReadOnlyList<UpcomingAction> expected = [];
    private Task running = Task.CompletedTask;
    private bool isRunning;
    private bool isStopped;

    /// <summary>Tells what is expected, in the place of what was before. Returns at once.</summary>
    public void Expect(IReadOnlyList<UpcomingAction> actions)
    {
        lock (gate)
        {
            expected = actions;
            foreach (Digest gone in fetched.Keys.Except(actions.Select(action => action.Action)).ToArray())
                fetched.Remove(gone);
            if (isRunning || isStopped || FindNext() is null)
                return;
            isRunning = true;
            running = Task.Run(() => RunAsync(stopping.Token));
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        lock (gate)
        {
            if (isStopped)
                return;
            isStopped = true;
        }

        await stopping.CancelAsync();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // it has logged all but its being stopped
        stopping.Dispose();
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        while (TakeNext() is { } next)
        {
            LeaseCredential.Current = next.Credential; // in this flow alone
            try
            {
                await source.FetchAsync(next, bytes => TryTake(next, bytes), cancellationToken);
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                (Google.Rpc.Status status, _, bool isForeseen) = ActionErrors.ToStatus(exception);
                if (isForeseen)
                    WorkerLog.NotFetchedAhead(logger, next.Action.ToString(), status.Message);
                else
                    WorkerLog.Unexpected(logger, exception, next.Action.ToString());
            }
        }
    }

    private UpcomingAction? TakeNext()
    {
        lock (gate)
        {
            UpcomingAction? next = FindNext();
            if (next is null)
                isRunning = false;
            else
                fetched.Add(next.Action, 0);
            return next;
        }
    }

    private UpcomingAction? FindNext() => expected.FirstOrDefault(action => !fetched.ContainsKey(action.Action));

    // False if the action is not expected any more, as when it has started, or there is no room for it.
    private bool TryTake(UpcomingAction action, long bytes)
    {
        lock (gate)
        {
            if (isStopped || !fetched.TryGetValue(action.Action, out long before) || fetched.Values.Sum() > source.MaxBytes - bytes)
                return false;
            fetched[action.Action] = before + bytes;
            return true;
        }
    }
}
