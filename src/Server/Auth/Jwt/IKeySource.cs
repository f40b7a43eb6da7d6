namespace RemoteExec.Server.Auth.Jwt;

/// <summary>Where the keys of an issuer come from. Thread-safe.</summary>
internal interface IKeySource : IAsyncDisposable
{
    /// <summary>The keys at hand: the same object as long as they are the same. Null if there are none, or none that still hold.</summary>
    JsonWebKeySet? Current { get; }

    /// <summary>The keys after they were looked for again, unless that was done only just now: for a token with a key that is not at hand.</summary>
    ValueTask<JsonWebKeySet?> LookAgainAsync(CancellationToken cancellationToken);
}
