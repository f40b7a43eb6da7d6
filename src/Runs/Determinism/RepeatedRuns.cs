using System.Collections.Concurrent;
using RemoteExec.Cas;
using RemoteExec.Runs.Inputs;
using RemoteExec.Runs.Outputs;
using RemoteExec.Runs.Remote;
using RemoteExec.Trees;
using RemoteExec.Trees.Stored;

namespace RemoteExec.Runs.Determinism;

/// <summary>Runs an action several times, each time under another digest: what the cache has of it is neither used nor changed.</summary>
/// <param name="client">Runs it.</param>
/// <param name="cas">The server's blobs.</param>
/// <param name="time">The clock.</param>
public sealed class RepeatedRuns(ExecutionClient client, IBlobStore cas, TimeProvider time)
{
    /// <summary>How long the second run waits after the first has begun: archives know times to the second, and zip to two.</summary>
    public static readonly TimeSpan Apart = TimeSpan.FromSeconds(2.1);

    private const int AtOnce = 4;

    /// <summary>Runs it. The second run begins when the clock shows another time than at the first, the others together with it.</summary>
    /// <param name="action">The action.</param>
    /// <param name="count">How many times.</param>
    /// <param name="done">Told of each run that has ended.</param>
    /// <param name="cancellationToken">Ends it; what runs is cancelled.</param>
    /// <returns>The runs, by their numbers.</returns>
    /// <exception cref="RunException">One did not run to its end.</exception>
    /// <exception cref="TreeException">What one made is not there.</exception>
    /// <exception cref="CasException">The CAS fails.</exception>
    public async Task<IReadOnlyList<RepeatedRun>> RunAsync(StoredAction action, int count, IProgress<string> done, CancellationToken cancellationToken)
    {
        string salt = $"check-determinism {Guid.NewGuid():N}";
        var runs = new ConcurrentBag<RepeatedRun>();
        Task apart = Task.Delay(Apart, time, cancellationToken);
        await OnceAsync(1, cancellationToken);
        await apart;
        await Parallel.ForEachAsync(Enumerable.Range(2, count - 1), new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, OnceAsync);
        return [.. runs.OrderBy(run => run.Number)];

        async ValueTask OnceAsync(int number, CancellationToken token)
        {
            StoredAction copy = await ActionMaker.StoreCopyAsync(action, $"{salt} {number}", cas, token);
            FinishedRun run = await client.RunAsync(copy.Digest, skipsCache: true, null, "check-determinism", token);
            if (run.Outcome != RunOutcome.Ran)
                throw new RunException($"run {number} of {count}: {run.Failure}");
            runs.Add(new RepeatedRun(number, run, await FilesAsync(copy, run, token)));
            done.Report($"{number}");
        }
    }

    private async Task<Dictionary<string, StoredNode>> FilesAsync(StoredAction action, FinishedRun run, CancellationToken cancellationToken)
    {
        Dictionary<string, StoredNode> files = new(StringComparer.Ordinal);
        foreach (ProducedOutput output in await ProducedOutputs.FindAsync(action, run, cas, cancellationToken))
        {
            files[output.Path] = output.Node;
            if (output.Node.Directory is not { } root)
                continue;
            files[output.Path] = new StoredNode(""); // a directory is the same as any other: what is in it is compared
            foreach (StoredNode node in (await StoredTree.LoadAsync(cas, root, cancellationToken)).Nodes())
                files[$"{output.Path}/{node.Path}"] = node.Directory is null ? node with { Path = "" } : new StoredNode("");
        }

        return files;
    }
}
