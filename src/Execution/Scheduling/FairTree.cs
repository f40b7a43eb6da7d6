namespace RemoteExec.Execution.Scheduling;

/// <summary>All who share the workers: tenants, in each the two classes of its builds, in these the builds.</summary>
internal sealed class FairTree(FairnessOptions options)
{
    private long lastNumber;

    /// <summary>The whole.</summary>
    public FairShare Root { get; } = new(null, "", 1, 0);

    /// <summary>The share of a build, made if need be. Something has to wait for its turn at once, or it is never forgotten.</summary>
    public FairShare ShareOf(Requester requester) => Root
        .Child(requester.Tenant, () => options.WeightOf(requester.Tenant), ref lastNumber)
        .Child(NameOf(requester.Class), () => requester.Class == BuildClass.Interactive ? options.InteractiveWeight : 1, ref lastNumber)
        .Child(requester.Build, () => 1, ref lastNumber);

    private static string NameOf(BuildClass some) => some == BuildClass.Interactive ? "interactive" : "batch";
}
