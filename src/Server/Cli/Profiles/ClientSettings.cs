namespace RemoteExec.Server.Cli.Profiles;

/// <summary>What flags, environment and profile make together: how one server is reached, and what it is shown.</summary>
internal sealed record ClientSettings
{
    /// <summary>The server that is asked where nothing names one: the one on this machine.</summary>
    public const string DefaultServer = "grpc://127.0.0.1:8980";

    /// <summary>The HTTP listener that is asked where nothing names one.</summary>
    public const string DefaultHttp = "http://127.0.0.1:8981";

    /// <summary>The name of the profile that has a part in it; null for none.</summary>
    public string? Profile { get; init; }

    /// <summary>How the server is reached.</summary>
    public ProfileOptions Options { get; init; } = new() { Servers = [DefaultServer] };

    /// <summary>
    /// Finds the profile that counts. One that is named by a flag or the variable does; the current one only where no server is named: what it would show is meant for
    /// its own server.
    /// </summary>
    /// <param name="flag">The profile that <c>--profile</c> names; null for none.</param>
    /// <param name="isServerNamed">Whether a flag or a variable names the server.</param>
    /// <param name="store">Where profiles are.</param>
    /// <exception cref="StartupException">There is no such profile.</exception>
    public static ClientSettings Find(string? flag, bool isServerNamed, ProfileStore store)
    {
        string? variable = Environment.GetEnvironmentVariable(ProfileStore.Variable) is { Length: > 0 } named ? named : null;
        string? wanted = flag ?? (isServerNamed ? null : variable);
        if (wanted is null && isServerNamed)
            return new ClientSettings();
        ProfilesOptions profiles = store.Read();
        wanted ??= profiles.Current;
        if (wanted is null)
            return new ClientSettings();
        return profiles.Profiles.TryGetValue(wanted, out ProfileOptions? profile)
            ? new ClientSettings { Profile = wanted, Options = profile }
            : throw new StartupException($"there is no profile '{wanted}' in {store.Path}: {Known(profiles)}; 'remoteexec login URL --profile {wanted}' makes it");
    }

    private static string Known(ProfilesOptions profiles) => profiles.Profiles.Count == 0 ? "it has none" : $"it has {string.Join(", ", profiles.Profiles.Keys.Order(StringComparer.Ordinal))}";
}
