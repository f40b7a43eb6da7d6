using RemoteExec.Execution.Provenance;
using RemoteExec.Execution.Scheduling;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Hosting;

/// <summary>Turns what is configured of execution into the scheduler's own options.</summary>
internal static class ExecutionSettings
{
    /// <summary>The scheduler's options.</summary>
    /// <param name="configured">What is configured.</param>
    /// <param name="nodeProperties">What workers keep of files beside their content.</param>
    /// <param name="signer">Signs results; null if they are not signed.</param>
    public static Execution.ExecutionOptions ToOptions(ExecutionOptions configured, IReadOnlyList<string> nodeProperties, ProvenanceSigner? signer) => new()
    {
        Signer = signer,
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

    /// <summary>What signs results; null if they are not to be signed.</summary>
    /// <exception cref="StartupException">The key can't be used.</exception>
    public static ProvenanceSigner? OpenSigner(ProvenanceOptions options, TimeProvider time)
    {
        const string Setting = "(setting execution.provenance.keyFile)";
        if (options.KeyFile is not { } file)
            return null;
        try
        {
            return ProvenanceSigner.Parse(File.ReadAllText(file), time);
        }
        catch (FormatException exception)
        {
            throw new StartupException($"{file}: {exception.Message} {Setting}", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"{file}: {IoReason.OfReading(file, exception)} {Setting}", exception);
        }
    }

    private static BuildRule ToRule(BuildRuleOptions rule) => new()
    {
        Class = rule.Class,
        Instance = rule.Instance,
        Tool = rule.Tool,
        MinPriority = rule.MinPriority,
        MaxPriority = rule.MaxPriority,
    };
}
