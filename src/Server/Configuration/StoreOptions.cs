namespace RemoteExec.Server.Configuration;

/// <summary>The settings of one kind of store. The kinds are listed in <see cref="StoreKinds"/>.</summary>
internal abstract record StoreOptions : IOptions
{
    /// <summary>The stores that this one is made of; none for a store that keeps blobs itself.</summary>
    public virtual IEnumerable<StoreReference> Children => [];

    /// <inheritdoc/>
    public abstract IEnumerable<OptionProblem> Validate();
}
