using Microsoft.Extensions.Logging;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Auth.Leases;

/// <summary>Where a server has its <see cref="LeaseKeys"/> from: a file that it shares with others, which is read again when it changes, or one of its own in the data directory, so that what it signed is good after a restart.</summary>
internal static class LeaseKeyFile
{
    /// <summary>The server's own, in its data directory.</summary>
    public const string OwnName = "lease-key";

    private const string Setting = "auth.leases.keyFile";

    /// <summary>Asked for the keys as they are now.</summary>
    /// <exception cref="StartupException">They can't be had.</exception>
    public static Func<LeaseKeys> Open(AuthLeasesOptions options, string dataDirectory, ILogger logger, TimeProvider time)
    {
        if (options.KeyFile is not { } shared)
            return OpenOwn(Path.Combine(dataDirectory, OwnName), logger, time);
        try
        {
            return Watch(shared, logger, time);
        }
        catch (StartupException exception)
        {
            throw new StartupException($"{exception.Message} (setting {Setting})", exception);
        }
    }

    private static Func<LeaseKeys> OpenOwn(string path, ILogger logger, TimeProvider time)
    {
        try
        {
            if (!File.Exists(path))
                AddedLines.Add(path, LeaseKeys.NewLine());
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"{path} can't be written: {IoReason.Of(exception)} (choose another directory with --data, or set {Setting})", exception);
        }

        return Watch(path, logger, time);
    }

    private static Func<LeaseKeys> Watch(string path, ILogger logger, TimeProvider time)
    {
        var file = new WatchedFile<LeaseKeys>(path, LeaseKeys.Parse, logger, time);
        return () => file.Value;
    }
}
