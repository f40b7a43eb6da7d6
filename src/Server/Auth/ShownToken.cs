using Microsoft.Extensions.Logging;

namespace RemoteExec.Server.Auth;

/// <summary>The token that this process shows to servers: the first line of a file, read again when it changes.</summary>
internal static class ShownToken
{
    /// <summary>The value of the authorization header, asked for before each call.</summary>
    /// <param name="file">The file.</param>
    /// <param name="setting">The setting that names it.</param>
    /// <param name="logger">Told of changes that could not be taken.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="StartupException">It can't be read, or has no token.</exception>
    public static Func<string?> In(string file, string setting, ILogger logger, TimeProvider time)
    {
        try
        {
            var watched = new WatchedFile<string>(file, text => BearerTokens.ToHeader(BearerTokens.LinesOf(text)[0]), logger, time);
            return () => watched.Value;
        }
        catch (StartupException exception)
        {
            throw new StartupException($"{exception.Message} (setting {setting})", exception);
        }
    }

    /// <summary>The token in a file, for a process that shows it once.</summary>
    /// <param name="file">The file.</param>
    /// <param name="setting">The flag or setting that names it.</param>
    /// <exception cref="StartupException">It can't be read, or has no token.</exception>
    public static string FirstOf(string file, string setting)
    {
        try
        {
            return BearerTokens.LinesOf(File.ReadAllText(file))[0];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or FormatException)
        {
            throw new StartupException($"{file}: {(exception is FormatException ? exception.Message : IoReason.OfReading(file, exception))} ({setting})", exception);
        }
    }
}
