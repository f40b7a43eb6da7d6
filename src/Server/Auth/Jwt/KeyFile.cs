using System.Text;
using Microsoft.Extensions.Logging;

namespace RemoteExec.Server.Auth.Jwt;

/// <summary>The keys of an issuer in a file, which may be changed while the server runs.</summary>
internal sealed class KeyFile : IKeySource
{
    private readonly WatchedFile<JsonWebKeySet> file;

    /// <summary>Reads the file.</summary>
    /// <exception cref="StartupException">It can't be read, or has no keys.</exception>
    public KeyFile(string path, string setting, ILogger logger, TimeProvider time)
    {
        try
        {
            file = new WatchedFile<JsonWebKeySet>(path, text => JsonWebKeySet.Parse(Encoding.UTF8.GetBytes(text)), logger, time);
        }
        catch (StartupException exception)
        {
            throw new StartupException($"{exception.Message} (setting {setting})", exception);
        }
    }

    /// <inheritdoc/>
    public JsonWebKeySet? Current => file.Value;

    /// <inheritdoc/>
    public ValueTask<JsonWebKeySet?> LookAgainAsync(CancellationToken cancellationToken) => ValueTask.FromResult(Current);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
