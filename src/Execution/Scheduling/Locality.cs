namespace RemoteExec.Execution.Scheduling;

/// <summary>Which workers have lately had which parts of input trees. A guess, as workers drop what they do not use: it only decides between those that are free.</summary>
internal sealed class Locality
{
    private const int MostRemembered = 100_000;
    private const int WorkersOfPart = 4;
    private readonly RecentMap<ulong, WorkerNode?[]> parts = new(MostRemembered);

    /// <summary>Remembers that a worker fetches an input tree with these parts.</summary>
    public void Note(ulong[] tree, WorkerNode worker)
    {
        foreach (ulong part in tree)
        {
            if (!parts.TryGet(part, out WorkerNode?[]? workers))
                parts.Set(part, workers = new WorkerNode?[WorkersOfPart]);
            int place = Array.IndexOf(workers, worker);
            if (place < 0)
                place = workers.Length - 1;
            Array.Copy(workers, 0, workers, 1, place);
            workers[0] = worker;
        }
    }

    /// <summary>How much of a tree a worker has: the parts that come first count more.</summary>
    public int ScoreOf(ulong[] tree, WorkerNode worker)
    {
        int score = 0;
        for (int i = 0; i < tree.Length; i++)
        {
            if (parts.TryGet(tree[i], out WorkerNode?[]? workers) && Array.IndexOf(workers, worker) >= 0)
                score += tree.Length - i;
        }

        return score;
    }

    /// <summary>The workers that have some of a tree, and are still there.</summary>
    public IEnumerable<WorkerNode> WorkersWith(ulong[] tree)
    {
        foreach (ulong part in tree)
        {
            if (!parts.TryGet(part, out WorkerNode?[]? workers))
                continue;
            foreach (WorkerNode? worker in workers)
            {
                if (worker is { IsConnected: true })
                    yield return worker;
            }
        }
    }
}
