using RemoteExec.Protocol;

namespace RemoteExec.Server.Cli.Runs;

/// <summary>How an action is written on a command line: by its digest.</summary>
internal static class ActionArgument
{
    /// <summary>Reads one.</summary>
    /// <exception cref="UsageException">It is none.</exception>
    public static Digest Parse(InstanceName instance, string text) =>
        DigestArgument.Parse(instance, text) ?? throw new UsageException($"'{text}' is no digest of an action: write HASH/SIZE, as 'remoteexec run' and 'operations show' print it");
}
