namespace RemoteExec.Server.Api.Stores;

/// <summary>The stores of a server, as they are now.</summary>
/// <param name="At">When that was.</param>
/// <param name="Roots">What is asked first: the store of the CAS, that of the action cache, and those of instances.</param>
internal sealed record StoresView(DateTimeOffset At, IReadOnlyList<StoreRoot> Roots);

/// <summary>A store that services ask.</summary>
/// <param name="Place">Where it stands in the configuration: <c>cas</c>, <c>actionCache</c>, <c>instances.NAME.cas</c>, <c>instances.NAME.actionCache</c>.</param>
/// <param name="Store">The store.</param>
internal sealed record StoreRoot(string Place, StoreView Store);
