using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace RemoteExec.Server.Auth.Tokens;

/// <summary>
/// When tokens were last used, in a file beside what the server keeps: written now and then, and at the end. No call waits for it, and none fails for it.
/// </summary>
internal sealed class TokenUses : IAsyncDisposable
{
    private static readonly TimeSpan interval = TimeSpan.FromMinutes(1);
    private readonly string path;
    private readonly TokenAuthenticator tokens;
    private readonly ILogger logger;
    private readonly CancellationTokenSource stopping = new();
    private readonly Dictionary<string, DateTimeOffset> uses;
    private readonly Task writing;
    private bool hasFailed;

    /// <summary>Begins.</summary>
    /// <param name="dataDirectory">Where the server keeps things.</param>
    /// <param name="tokens">The tokens.</param>
    /// <param name="logger">Told once if it can't be written.</param>
    /// <param name="time">The clock.</param>
    public TokenUses(string dataDirectory, TokenAuthenticator tokens, ILogger logger, TimeProvider time)
    {
        (this.tokens, this.logger) = (tokens, logger);
        path = FileIn(dataDirectory);
        uses = new Dictionary<string, DateTimeOffset>(Read(path), StringComparer.Ordinal);
        writing = WriteAsync(time);
    }

    /// <summary>The file in a data directory.</summary>
    public static string FileIn(string dataDirectory) => Path.Combine(dataDirectory, "token-uses.json");

    /// <summary>What a file says; nothing if it can't be read.</summary>
    public static IReadOnlyDictionary<string, DateTimeOffset> Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllText(path), TokenJson.Default.DictionaryStringDateTimeOffset) ?? [];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
        {
            return new Dictionary<string, DateTimeOffset>();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await writing;
        stopping.Dispose();
    }

    private async Task WriteAsync(TimeProvider time)
    {
        using var timer = new PeriodicTimer(interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stopping.Token))
                Write();
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            Write();
        }
    }

    private void Write()
    {
        bool isNew = false;
        foreach (KnownToken token in tokens.Table.All)
        {
            if (token.LastUse is { } use && (!uses.TryGetValue(token.Token.Id, out DateTimeOffset before) || before < use))
                (uses[token.Token.Id], isNew) = (use, true);
        }

        if (!isNew)
            return;
        try
        {
            File.WriteAllBytes(path + ".new", JsonSerializer.SerializeToUtf8Bytes(uses, TokenJson.Default.DictionaryStringDateTimeOffset));
            File.Move(path + ".new", path, overwrite: true);
            hasFailed = false;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            if (!hasFailed)
                ServerLog.UsesNotWritten(logger, path, IoReason.Of(exception));
            hasFailed = true;
        }
    }
}
