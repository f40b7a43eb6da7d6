namespace RemoteExec.Worker.Sandbox;

/// <summary>A tier of sandbox does not work on this machine, or not any more; an <see cref="IOException"/> as far as callers are concerned.</summary>
internal sealed class SandboxUnavailableException(string message) : IOException(message);
