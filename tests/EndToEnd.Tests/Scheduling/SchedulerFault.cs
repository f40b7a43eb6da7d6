namespace RemoteExec.EndToEnd.Tests.Scheduling;

/// <summary>Something that fails in the middle of a build.</summary>
/// <param name="Name">What.</param>
/// <param name="Strike">Makes it fail, and ends it where that is part of it.</param>
internal sealed record SchedulerFault(string Name, Func<SchedulerFaultRun, Task> Strike)
{
    /// <summary>True if the Redis that schedulers share has everything when it is started again.</summary>
    public bool KeepsRedis { get; init; } = true;

    /// <summary>All that is tried one by one.</summary>
    public static IReadOnlyList<SchedulerFault> Each { get; } =
    [
        new("the active scheduler is killed", run => run.KillActiveAsync()),
        new("the active scheduler hangs", run => run.FreezeActiveAsync()),
        new("the active scheduler is told to stop", run => run.StopActiveAsync()),
        new("the schedulers' Redis is killed, and comes back", run => run.RestartRedisAsync()),
        new("the schedulers' Redis is killed, and comes back empty", run => run.RestartRedisAsync()) { KeepsRedis = false },
        new("workers are killed, and others come", run => run.ReplaceWorkersAsync(4)),
    ];

    /// <summary>All of it in one build.</summary>
    public static SchedulerFault Everything { get; } = new("all of these, one after the other", async run =>
    {
        ServerProcess first = await run.KillActiveAsync();
        await run.ReplaceWorkersAsync(2);
        await run.GoOnAsync(12);
        await run.RestartRedisAsync();
        await first.StartAgainAsync();
        await run.ReplaceWorkersAsync(2);
        await run.GoOnAsync(12);
        ServerProcess second = await run.StopActiveAsync();
        await run.GoOnAsync(12);
        await second.StartAgainAsync();
        await run.FreezeActiveAsync();
    });
}
