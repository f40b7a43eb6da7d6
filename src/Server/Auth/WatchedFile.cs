using Microsoft.Extensions.Logging;

namespace RemoteExec.Server.Auth;

/// <summary>
/// What a small file says, now: it is looked at again when a second has passed since it was last asked for. A change that makes no sense, or a file that
/// is gone, is told once, and what it said before still holds. Thread-safe.
/// </summary>
/// <typeparam name="T">What it says.</typeparam>
internal sealed class WatchedFile<T>
    where T : class
{
    private static readonly TimeSpan interval = TimeSpan.FromSeconds(1);
    private readonly string path;
    private readonly Func<string, T> parse;
    private readonly ILogger logger;
    private readonly TimeProvider time;
    private T value;
    private string seen; // belongs to whoever has moved lookedAt on
    private string? problem; // so does this
    private long lookedAt;

    /// <summary>Reads the file for the first time.</summary>
    /// <param name="path">The file.</param>
    /// <param name="parse">Makes sense of its text; throws <see cref="FormatException"/> if it has none. The message must not quote what is secret.</param>
    /// <param name="logger">Told of changes that could not be taken.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="StartupException">It can't be read, or makes no sense.</exception>
    public WatchedFile(string path, Func<string, T> parse, ILogger logger, TimeProvider time)
    {
        (this.path, this.parse, this.logger, this.time) = (path, parse, logger, time);
        lookedAt = time.GetTimestamp();
        try
        {
            seen = File.ReadAllText(path);
            value = parse(seen);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or FormatException)
        {
            throw new StartupException($"{path}: {Describe(exception)}", exception);
        }
    }

    /// <summary>What it says.</summary>
    public T Value
    {
        get
        {
            long last = Volatile.Read(ref lookedAt);
            if (time.GetElapsedTime(last) >= interval && Interlocked.CompareExchange(ref lookedAt, time.GetTimestamp(), last) == last)
                LookAgain();
            return Volatile.Read(ref value);
        }
    }

    private void LookAgain()
    {
        try
        {
            string text = File.ReadAllText(path);
            if (text != seen || problem is not null)
                Volatile.Write(ref value, parse(text));
            (seen, problem) = (text, null);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or FormatException)
        {
            string now = Describe(exception);
            if (now != problem)
                ServerLog.ChangeNotTaken(logger, path, now);
            problem = now;
        }
    }

    private string Describe(Exception exception) => exception is FormatException ? exception.Message : IoReason.OfReading(path, exception);
}
