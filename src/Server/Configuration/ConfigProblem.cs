namespace RemoteExec.Server.Configuration;

/// <summary>One thing that is wrong with the configuration.</summary>
/// <param name="Origin">Where it was read; null for what follows from defaults.</param>
/// <param name="Path">The setting, for example <c>stores.ssd.segments.maxBytes</c>; empty for the whole.</param>
/// <param name="Message">What is wrong, and what to do.</param>
internal sealed record ConfigProblem(ConfigOrigin? Origin, string Path, string Message)
{
    /// <summary><c>file(line,column): path: message</c>.</summary>
    public override string ToString() => string.Join(": ", new[] { Origin?.ToString(), Path, Message }.Where(part => !string.IsNullOrEmpty(part)));
}
