using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace RemoteExec.TestKit;

/// <summary>Keeps what is logged at any level, and of a factory whatever the category.</summary>
public sealed class RecordingLogger : ILogger, ILoggerProvider
{
    /// <summary>What was logged, the first first.</summary>
    public ConcurrentQueue<(LogLevel Level, string Text, Exception? Exception)> Entries { get; } = new();

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => this;

    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel) => true;

    /// <inheritdoc/>
    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Entries.Enqueue((logLevel, formatter(state, exception), exception));

    /// <inheritdoc/>
    public void Dispose()
    {
        // What was logged can still be read.
    }
}
