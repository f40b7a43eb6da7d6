namespace RemoteExec.Worker.Disk;

/// <summary>The worker's disk is getting full, which need not be the action's fault: another worker may have more.</summary>
internal sealed class DiskShortException(string message) : IOException(message);
