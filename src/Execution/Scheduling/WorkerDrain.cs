namespace RemoteExec.Execution.Scheduling;

/// <summary>An operator keeps workers out of service.</summary>
/// <param name="Name">Their name, or with a * at its end what it begins with.</param>
/// <param name="HandsBackAt">When what still runs on them goes back to the queue; null for never.</param>
internal sealed record WorkerDrain(string Name, DateTimeOffset? HandsBackAt)
{
    /// <summary>True if a worker of that name is meant.</summary>
    public bool Covers(string worker) => IsMeant(Name, worker);

    /// <summary>True if a name, or a beginning with a * after it, means this worker.</summary>
    public static bool IsMeant(string name, string worker) =>
        name.EndsWith('*') ? worker.AsSpan().StartsWith(name.AsSpan(0, name.Length - 1), StringComparison.Ordinal) : worker == name;
}
