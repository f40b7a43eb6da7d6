namespace RemoteExec.Server.Cli.Builds;

/// <summary>A path with its query.</summary>
internal readonly record struct ApiPath(string Text)
{
    /// <summary>The same with a parameter; without it if it has no value.</summary>
    public ApiPath With(string name, string? value) =>
        value is null ? this : new ApiPath($"{Text}{(Text.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{name}={Uri.EscapeDataString(value)}");

    /// <inheritdoc/>
    public override string ToString() => Text;
}
