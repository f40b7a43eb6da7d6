using RemoteExec.Execution.Scheduling;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Hosting;

/// <summary>Turns what is configured of execution into the scheduler's own options.</summary>
internal static class ExecutionSettings
{
    /// <summary>The scheduler's options.</summary>
    /// <param name="configured">What is configured.</param>
    /// <param name="nodeProperties">What workers keep of files beside their content.</param>
    public static Execution.ExecutionOptions ToOptions(ExecutionOptions configured, IReadOnlyList<string> nodeProperties) => new()
    {
        DefaultTimeout = configured.DefaultTimeout,
        MaxTimeout = configured.MaxTimeout,
        Runtimes = [.. configured.Platforms.Select(rule => new RuntimeRule { Platform = rule.Platform, DefaultTimeout = rule.DefaultTimeout, MaxTimeout = rule.MaxTimeout })],
        NoWorkerTimeout = configured.NoWorkerTimeout,
        WaitsForUnknownWorkers = configured.Autoscaling,
        MaxAttempts = configured.MaxAttempts,
        LeaseDuration = configured.LeaseDuration,
        PollInterval = configured.PollInterval,
        ReconnectTime = configured.ReconnectTime,
        SupportedNodeProperties = nodeProperties,
        Properties = new PropertyKinds
        {
            Cores = configured.Properties.Cores,
            Memory = configured.Properties.Memory,
            Minimum = configured.Properties.Minimum,
            Ignored = configured.Properties.Ignored,
            CriticalPath = configured.Properties.CriticalPath,
        },
        Fairness = new Execution.Scheduling.FairnessOptions
        {
            Tenants = configured.Fairness.Tenants,
            InteractiveWeight = configured.Fairness.InteractiveWeight,
            Rules = [.. configured.Fairness.Rules.Select(ToRule)],
        },
        HedgeFactor = configured.Hedge.Factor,
        HedgeAfter = configured.Hedge.After,
        QuarantineAfter = configured.Quarantine.Failures,
        QuarantineTime = configured.Quarantine.Time,
        LongestQuarantine = configured.Quarantine.LongestTime,
    };

    private static BuildRule ToRule(BuildRuleOptions rule) => new()
    {
        Class = rule.Class,
        Instance = rule.Instance,
        Tool = rule.Tool,
        MinPriority = rule.MinPriority,
        MaxPriority = rule.MaxPriority,
    };
}
