using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace RemoteExec.Server.Hosting;

/// <summary>Where the server keeps what it has.</summary>
internal static class DataDirectories
{
    // Nobody else can list it, but actions that run as users of their own get to their directories below it.
    private const UnixFileMode OwnerAndPassage =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>The data directory of a server that is not told another.</summary>
    public static string Default => Path.Combine(UserData(), "remoteexec");

    /// <summary>Makes the data directory and checks that it can be written to; returns its full path.</summary>
    /// <param name="configured">The directory that the options name; null for the user's data directory.</param>
    /// <exception cref="StartupException">It can't be used.</exception>
    public static string Prepare(string? configured)
    {
        string path = Path.GetFullPath(configured ?? Default);
        try
        {
            if (OperatingSystem.IsWindows())
                Directory.CreateDirectory(path);
            else
                Directory.CreateDirectory(path, OwnerAndPassage);
            Probe(path);
            return path;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            string reason = exception is FileNotFoundException or DirectoryNotFoundException ? "it can't be made there" : IoReason.Of(exception);
            string remedy = reason == IoReason.DiskFull ? "free some space there, or choose another with --data" : "choose another with --data";
            throw new StartupException($"the data directory {path} can't be written to: {reason}; {remedy}", exception);
        }
    }

    /// <summary>The scratch directory of a worker that is given none.</summary>
    public static string ScratchIn(string dataDirectory)
    {
        if (!Environment.IsPrivilegedProcess || OperatingSystem.IsWindows() || CanBeEntered(dataDirectory))
            return Path.Combine(dataDirectory, "worker");
        string name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(dataDirectory)))[..12];
        return $"/var/lib/remoteexec/worker-{name}";
    }

    /// <summary>Writes a byte to a file that is gone again in any case.</summary>
    private static void Probe(string directory)
    {
        using SafeFileHandle probe = File.OpenHandle(
            Path.Combine(directory, $".probe-{Environment.ProcessId}"), FileMode.Create, FileAccess.Write, FileShare.None, FileOptions.DeleteOnClose);
        RandomAccess.Write(probe, [0], 0);
    }

    [UnsupportedOSPlatform("windows")]
    private static bool CanBeEntered(string path)
    {
        for (string? directory = path; directory is not null; directory = Path.GetDirectoryName(directory))
        {
            if (!File.GetUnixFileMode(directory).HasFlag(UnixFileMode.OtherExecute))
                return false;
        }

        return true;
    }

    private static string UserData() =>
        Environment.GetEnvironmentVariable("XDG_DATA_HOME") is { Length: > 0 } data
            ? data
            : Path.Combine(Home(), ".local", "share");

    private static string Home() =>
        // Not verified: one that is missing would be told as none at all, and the data would go wherever the server was started.
        Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify) is { Length: > 0 } home
            ? home
            : throw new StartupException("there is no home directory to keep data in: name a directory with --data");
}
