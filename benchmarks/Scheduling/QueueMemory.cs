using System.Globalization;
using RemoteExec.Execution;
using RemoteExec.Execution.Operations;
using RemoteExec.Execution.Scheduling;
using RemoteExec.Protocol;

namespace RemoteExec.Benchmarks.Scheduling;

/// <summary>
/// What a waiting action takes of memory: the scheduler's part and its feed, with request metadata, command and input root as Bazel's have them. Not the client's call, which is open only as
/// long as the client waits.
/// </summary>
internal static class QueueMemory
{
    private const int ActionsOfBuild = 50_000;
    private static readonly Lock gate = new(); // that of all feeds

    /// <summary>Queues so many actions, and prints what they take.</summary>
    public static int Run(string[] flags)
    {
        int count = flags is [string text] ? int.Parse(text, CultureInfo.InvariantCulture) : 1_000_000;
        long before = GC.GetTotalMemory(forceFullCollection: true);
        var scheduler = new Scheduler(new ExecutionOptions(), "epoch");
        var metadata = new MetadataTable();
        var wishes = new WishTable();
        for (int i = 0; i < count; i++)
            Queue(scheduler, metadata, wishes, i);
        long taken = GC.GetTotalMemory(forceFullCollection: true) - before;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{count:N0} waiting actions take {taken / 1e6:N0} MB: {(double)taken / count:N0} bytes each"));
        GC.KeepAlive(scheduler);
        return taken <= 1000L * count ? 0 : 1;
    }

    private static void Queue(Scheduler scheduler, MetadataTable metadata, WishTable wishes, int number)
    {
        Digest digest = DrivenScheduler.DigestOf(number);
        var name = new OperationName(default, Guid.NewGuid());
        var feed = new OperationFeed(gate);
        var platform = new Reapi.Platform { Properties = { new Reapi.Platform.Types.Property { Name = "OSFamily", Value = "linux" } } };
        var action = new Reapi.Action
        {
            CommandDigest = DrivenScheduler.DigestOf(number + 1).ToProto(),
            InputRootDigest = DrivenScheduler.DigestOf(number + 2).ToProto(),
            Platform = platform,
        };
        var submission = new Submission
        {
            RequestMetadata = metadata.Share(
                new Reapi.RequestMetadata
                {
                    ActionId = digest.Hash,
                    ToolInvocationId = $"5b7a1c7e-1f5c-4c8e-8f0f-{number / ActionsOfBuild:000000000000}",
                    ActionMnemonic = $"CppCompile{number % 20}",
                    TargetId = $"//some/package/of/the/tree:target{number % ActionsOfBuild / 3}",
                    ToolDetails = new Reapi.ToolDetails { ToolName = "bazel", ToolVersion = "8.0.0" },
                },
                digest),
        };
        Apply(new SchedulerEvent.OperationStarted(name, digest, submission) { Feed = feed });
        new PropertyKinds().TryRead(platform, out PlatformWish wish, out _);
        Apply(new SchedulerEvent.OperationPrepared(
            name, PreparedAction.Of(digest, action, wishes.Share(wish), TimeSpan.FromHours(1)) with { Locality = [(ulong)number, 1, 2] }));

        void Apply(SchedulerEvent change)
        {
            foreach (SchedulerEffect effect in scheduler.Apply(change, DateTimeOffset.UnixEpoch))
            {
                if (effect is SchedulerEffect.Publish publish)
                    feed.Publish(publish.State);
            }
        }
    }
}
