using RemoteExec.Protocol;

namespace RemoteExec.Execution.Scheduling;

/// <summary>Who gets how much when there is not enough for all.</summary>
public sealed record FairnessOptions
{
    /// <summary>
    /// Weights of tenants by instance name, which holds for the instances below it as well: one of weight 2 gets twice as much as one of weight 1, which is that of all
    /// others. An instance below none that is listed is a tenant of its own.
    /// </summary>
    public IReadOnlyDictionary<string, double> Tenants { get; init; } = new Dictionary<string, double>();

    /// <summary>How much more the interactive builds of a tenant get than its batch builds, as long as both have something to run.</summary>
    public double InteractiveWeight { get; init; } = 20;

    /// <summary>Which builds are batch builds: the first rule that fits decides, and without one a build is interactive.</summary>
    public IReadOnlyList<BuildRule> Rules { get; init; } = [];

    /// <summary>On whose turn an operation's action runs.</summary>
    internal Requester RequesterOf(InstanceName instance, int priority, Reapi.RequestMetadata? metadata)
    {
        string build = metadata?.ToolInvocationId is { Length: > 0 } invocation ? invocation : metadata?.CorrelatedInvocationsId ?? "";
        return new Requester(TenantOf(instance.Value), ClassOf(instance.Value, priority, metadata?.ToolDetails?.ToolName ?? ""), build);
    }

    /// <summary>The weight of a tenant.</summary>
    internal double WeightOf(string tenant) => Tenants.GetValueOrDefault(tenant, 1);

    /// <summary>Every problem with these settings, as a sentence each.</summary>
    internal IEnumerable<string> Validate()
    {
        foreach ((string name, double weight) in Tenants)
        {
            if (!(weight > 0) || double.IsInfinity(weight))
                yield return $"the weight of tenant '{name}' must be positive, not {weight}";
        }

        if (!(InteractiveWeight >= 1) || double.IsInfinity(InteractiveWeight))
            yield return $"{nameof(InteractiveWeight)} must be at least 1, not {InteractiveWeight}";
    }

    private string TenantOf(string instance)
    {
        if (Tenants.Count == 0)
            return instance;
        for (string prefix = instance; prefix.Length > 0; prefix = prefix[..Math.Max(prefix.LastIndexOf('/'), 0)])
        {
            if (Tenants.ContainsKey(prefix))
                return prefix;
        }

        return instance;
    }

    private BuildClass ClassOf(string instance, int priority, string tool)
    {
        foreach (BuildRule rule in Rules)
        {
            if (rule.Fits(instance, priority, tool))
                return rule.Class;
        }

        return BuildClass.Interactive;
    }
}
