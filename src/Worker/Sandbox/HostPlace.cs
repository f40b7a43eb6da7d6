namespace RemoteExec.Worker.Sandbox;

/// <summary>Something of the host that actions see.</summary>
/// <param name="Path">Where it is, for both.</param>
/// <param name="Target">Where it leads if it is a symlink.</param>
public sealed record HostPlace(string Path, string? Target);
