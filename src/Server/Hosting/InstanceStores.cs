using RemoteExec.Cas;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Instances;
using RemoteExec.Protocol;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Hosting;

/// <summary>Opens the stores of the instances that the options name, each beside what it inherits.</summary>
/// <param name="options">The options.</param>
/// <param name="dataDirectory">Where instances with a quota have their segments.</param>
/// <param name="stores">Opens them.</param>
internal sealed class InstanceStores(ServerOptions options, string dataDirectory, StoreTree stores)
{
    /// <summary>The instances with what is said of them, those above before those below.</summary>
    private readonly List<(InstanceName Name, InstanceOptions Options)> named =
        [.. options.Instances.Select(entry => (InstanceName.Parse(entry.Key), entry.Value)).OrderBy(entry => entry.Item1.Value.Length)];

    /// <summary>Every store of blobs that is named, or described, for an instance or for all.</summary>
    public IEnumerable<StoreReference> Blobs(StoreReference others) => named.Select(entry => ReferenceOf(entry.Name, entry.Options, StoreUse.Blobs)).OfType<StoreReference>().Prepend(others);

    /// <summary>Opens the stores of one kind; without instances it is that of all.</summary>
    /// <param name="others">The store of instances that have none of their own.</param>
    /// <param name="use">What they are for.</param>
    /// <param name="label">What messages to people call the store.</param>
    /// <param name="cancellationToken">Gives up opening.</param>
    /// <exception cref="StartupException">One can't be opened.</exception>
    public async Task<IBlobStore> OpenAsync(StoreReference others, StoreUse use, string label, CancellationToken cancellationToken)
    {
        IBlobStore common = await stores.OpenAsync(others, use, label, cancellationToken);
        if (named.Count == 0 && options.OtherInstances)
            return common;
        var own = new Dictionary<InstanceName, IBlobStore>();
        var served = new Dictionary<InstanceName, IBlobStore>();
        foreach ((InstanceName name, InstanceOptions instance) in named)
        {
            IBlobStore store = ReferenceOf(name, instance, use) is { } reference
                ? await stores.OpenAsync(reference, use, $"instances.{name}.{label}", cancellationToken)
                : new InstanceMap<IBlobStore>(own).TryFind(name, out IBlobStore? above) ? above : common;
            own.Add(name, store);
            served.Add(name, PolicyOf(name).IsReadOnly ? new ReadOnlyStore($"instance '{name}'", store) : store);
        }

        return new InstanceStore(new InstanceMap<IBlobStore>(served), options.OtherInstances ? common : null);
    }

    /// <summary>What clients may do in which instance; null if nothing is said of any.</summary>
    public InstanceMap<InstancePolicy>? Policies() => named.Count == 0 ? null : new(named.ToDictionary(entry => entry.Name, entry => PolicyOf(entry.Name)));

    private InstancePolicy PolicyOf(InstanceName name)
    {
        IEnumerable<InstanceOptions> above = named.Where(entry => IsWithin(name, entry.Name)).Select(entry => entry.Options).Reverse(); // the nearest first
        return new InstancePolicy
        {
            IsReadOnly = above.Select(instance => instance.ReadOnly).FirstOrDefault(value => value is not null) ?? false,
            ActionCacheUpdate = above.Select(instance => instance.Updates).FirstOrDefault(value => value is not null) ?? options.ActionCache.Updates,
        };
    }

    private StoreReference? ReferenceOf(InstanceName name, InstanceOptions instance, StoreUse use)
    {
        StoreReference? given = use == StoreUse.Blobs ? instance.Cas : instance.ActionCache;
        if (given is not null || instance.MaxSize is not { } size)
            return given;
        DefaultStores quota = DefaultStores.In(Path.Combine(dataDirectory, "instances", Uri.EscapeDataString(name.Value)), size);
        return use == StoreUse.Blobs ? quota.Cas : quota.ActionCache;
    }

    private static bool IsWithin(InstanceName name, InstanceName above) =>
        name == above || (!above.IsEmpty && name.Value.StartsWith(above.Value + "/", StringComparison.Ordinal));
}
