namespace RemoteExec.Server.Hosting;

/// <summary>Where the server keeps what it has.</summary>
internal static class DataDirectories
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Makes the data directory and checks that it can be written to; returns its full path.</summary>
    /// <param name="configured">The directory that the options name; null for the user's data directory.</param>
    /// <exception cref="StartupException">It can't be used.</exception>
    public static string Prepare(string? configured)
    {
        string path = Path.GetFullPath(configured ?? Path.Combine(UserData(), "remoteexec"));
        try
        {
            if (OperatingSystem.IsWindows())
                Directory.CreateDirectory(path);
            else
                Directory.CreateDirectory(path, OwnerOnly);
            string probe = Path.Combine(path, $".probe-{Environment.ProcessId}");
            File.WriteAllBytes(probe, [0]);
            File.Delete(probe);
            return path;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"the data directory {path} can't be written to: {exception.Message}; choose another with --data", exception);
        }
    }

    private static string UserData() =>
        Environment.GetEnvironmentVariable("XDG_DATA_HOME") is { Length: > 0 } data
            ? data
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "share");
}
