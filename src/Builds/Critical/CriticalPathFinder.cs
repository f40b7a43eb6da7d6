using RemoteExec.ActionCache;
using RemoteExec.Builds.Records;
using RemoteExec.Cas;

namespace RemoteExec.Builds.Critical;

/// <summary>
/// Finds the critical paths of builds. Calls don't tell what depends on what, but content does: an action whose inputs have a file that another made depends on that one. One path is looked for at
/// a time, and those found last are remembered. May be called concurrently.
/// </summary>
/// <param name="records">The builds.</param>
/// <param name="cas">Where actions and their inputs are.</param>
/// <param name="results">Where the outputs of actions are known.</param>
/// <param name="time">The clock.</param>
public sealed class CriticalPathFinder(BuildRecords records, IBlobStore cas, IActionCache results, TimeProvider time) : IDisposable
{
    private const int ReadAtATime = 8;
    private const int Remembered = 16;

    private readonly SemaphoreSlim turn = new(1, 1);
    private readonly Queue<(long Calls, CriticalPath Path)> found = new(); // guarded by the turn

    internal CriticalLimits Limits { get; init; } = new();

    /// <summary>The critical path of a build; null if there is no such build.</summary>
    /// <param name="id">The build's id, or what it calls itself.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="CasException">Storage failed.</exception>
    public async Task<CriticalPath?> FindAsync(string id, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            if (await records.ReadActionsAsync(id, cancellationToken) is not var (build, actions))
                return null;
            if (found.FirstOrDefault(one => one.Path.Build == build.Id && one.Calls == build.Calls).Path is { } known)
                return known;
            CriticalPath path = await SearchAsync(build.Id, [.. actions.OrderBy(action => action.First)], cancellationToken);
            found.Enqueue((build.Calls, path));
            if (found.Count > Remembered)
                found.Dequeue();
            return path;
        }
        finally
        {
            turn.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => turn.Dispose();

    private async Task<CriticalPath> SearchAsync(string build, ActionDelta[] actions, CancellationToken cancellationToken)
    {
        long began = time.GetTimestamp();
        var search = new PathSearch(cas, Limits);
        int added = 0, withoutInputs = 0, withoutTime = 0;
        long total = 0;
        foreach (ActionDelta[] some in actions.Take(Limits.Actions).Chunk(ReadAtATime))
        {
            if (time.GetElapsedTime(began) > Limits.Time)
                break;
            foreach (ActionFacts action in await Task.WhenAll(some.Select(one => ActionFacts.ReadAsync(cas, results, one, Limits.Outputs, cancellationToken))))
            {
                added++;
                withoutTime += action.Milliseconds < 0 ? 1 : 0;
                total += Math.Max(0, action.Milliseconds);
                withoutInputs += await search.AddAsync(action, cancellationToken) ? 0 : 1;
            }
        }

        CriticalStep[] steps = [.. search.Longest().Select(step => StepOf(actions[step.Action], step.End, step.Input)).Reverse()];
        return new CriticalPath
        {
            Build = build,
            Seconds = steps.LastOrDefault()?.EndSeconds ?? 0,
            TotalSeconds = total / 1000.0,
            Steps = WithTimes(steps),
            Actions = added,
            WithoutInputs = withoutInputs,
            WithoutTime = withoutTime,
            IsComplete = added == actions.Length && !search.IsCut,
        };
    }

    private static CriticalStep StepOf(ActionDelta action, long end, string input) => new(ActionSummaries.Of(action), 0, end / 1000.0, input);

    private static CriticalStep[] WithTimes(CriticalStep[] steps) =>
        [.. steps.Select((step, number) => step with { Seconds = Math.Round(step.EndSeconds - (number == 0 ? 0 : steps[number - 1].EndSeconds), 3) })];
}
