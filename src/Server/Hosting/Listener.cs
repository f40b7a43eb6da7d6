namespace RemoteExec.Server.Hosting;

/// <summary>One place to listen at, and what is served there.</summary>
/// <param name="Kind">What is served.</param>
/// <param name="Address">Where.</param>
/// <param name="Flag">The flag that changes the address, for error messages.</param>
internal sealed record Listener(ListenerKind Kind, ListenAddress Address, string Flag);
