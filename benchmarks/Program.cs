using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using Perfolizer.Horology;
using RemoteExec.Benchmarks.Cluster;
using RemoteExec.Benchmarks.Eviction;
using RemoteExec.Benchmarks.Explain;
using RemoteExec.Benchmarks.Inputs;
using RemoteExec.Benchmarks.Outputs;
using RemoteExec.Benchmarks.Records;
using RemoteExec.Benchmarks.Scheduling;
using RemoteExec.Benchmarks.Scheduling.Simulation;
using RemoteExec.Benchmarks.Soak;
using RemoteExec.Benchmarks.Storage;
using RemoteExec.Benchmarks.Uploads;

namespace RemoteExec.Benchmarks;

/// <summary>Runs the benchmarks that the command line names; without arguments it lists them. Ends with 1 if any has failed.</summary>
internal static class Program
{
    /// <summary>
    /// Short, so that all of them take a few minutes: enough for allocations and ratios. The warm-up is long for that, as on a busy machine it takes a
    /// second until the hot methods are compiled with optimizations. A job on the command line takes its place.
    /// </summary>
    private static readonly Job job = Job.Default.WithLaunchCount(1).WithWarmupCount(10).WithIterationCount(5)
        .WithIterationTime(TimeInterval.FromMilliseconds(100)).WithId("Short").AsDefault();

    private static async Task<int> Main(string[] args)
    {
        if (args is ["store", .. string[] rest])
            return await StoreScale.RunAsync(rest);
        if (args is ["chunks"])
            return await ChunkShare.RunAsync();
        if (args is ["eviction"])
            return await EvictionComparison.RunAsync();
        if (args is ["execute", string executor, .. string[] executed])
            return await ExecuteLoad.RunAsync(executor, executed);
        if (args is ["explain", .. string[] explained])
            return await ExplainLoad.RunAsync(explained);
        if (args is ["telemetry", string counted, .. string[] countFlags])
            return await RecordsLoad.RunTelemetryAsync(counted, countFlags);
        if (args is ["records", string recorded, .. string[] recordFlags])
            return await RecordsLoad.RunAsync(recorded, recordFlags);
        if (args is ["queue", .. string[] queued])
            return QueueMemory.Run(queued);
        if (args is ["scheduler", .. string[] fleet])
            return FleetReport.Run(fleet);
        if (args is ["uploads", string server, .. string[] flags])
            return await UploadLoad.RunAsync(server, flags);
        if (args is ["cluster", string node, .. string[] options])
            return await ClusterLoad.RunAsync(node, options);
        if (args is ["tiers", string tierServer, string endpoint, string bucket, .. string[] tierFlags])
            return await TierLoad.RunAsync(tierServer, endpoint, bucket, tierFlags);
        if (args is ["outputs", .. string[] outputFlags])
            return await OutputReport.RunAsync(outputFlags);
        if (args is ["sandbox", .. string[] sandboxFlags])
            return await Sandbox.SandboxReport.RunAsync(sandboxFlags);
        if (args is ["inputs", .. string[] inputFlags])
            return await InputRootReport.RunAsync(inputFlags);
        if (args is ["soak", .. string[] soak])
            return await SoakRun.RunAsync(soak);
        IConfig config = DefaultConfig.Instance.WithArtifactsPath(Path.Combine("artifacts", "bench", "micro"));
        if (!args.Any(arg => arg is "-j" or "--job" || arg.StartsWith("--job=", StringComparison.Ordinal)))
            config = config.AddJob(job);
        IEnumerable<Summary> summaries = BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args, config);
        return summaries.All(summary => !summary.HasCriticalValidationErrors && summary.BenchmarksCases.Length == summary.Reports.Count(report => report.Success))
            ? 0
            : 1;
    }
}
