namespace RemoteExec.Server.Configuration;

/// <summary>The settings of one kind of store. The kinds are listed in <see cref="StoreKinds"/>.</summary>
internal abstract record StoreOptions : IOptions
{
    /// <summary>The stores that this one is made of; none for a store that keeps blobs itself.</summary>
    public virtual IEnumerable<StoreReference> Children => [];

    /// <summary>Whether values can be kept under the digest of something else, as the action cache does.</summary>
    public virtual bool CanKeepResults => true;

    /// <inheritdoc/>
    public abstract IEnumerable<OptionProblem> Validate();
}
