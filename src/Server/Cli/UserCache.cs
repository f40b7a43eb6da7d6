namespace RemoteExec.Server.Cli;

/// <summary>Where commands keep what they can find out again.</summary>
internal static class UserCache
{
    /// <summary>The directory of a part of the program; need not be there.</summary>
    public static string DirectoryOf(string part)
    {
        string home = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } given
            ? given
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify), ".cache");
        return Path.Combine(home, "remoteexec", part);
    }
}
