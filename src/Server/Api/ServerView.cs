namespace RemoteExec.Server.Api;

/// <summary>What a server is, and how it was told to be.</summary>
/// <param name="Version">Its version.</param>
/// <param name="Started">When it was started.</param>
/// <param name="Executes">True if it executes actions.</param>
/// <param name="Settings">Every setting that is not as it is by default; what may be secret is hidden.</param>
internal sealed record ServerView(string Version, DateTimeOffset Started, bool Executes, IReadOnlyList<SettingView> Settings);

/// <summary>A setting.</summary>
/// <param name="Key">Where it stands in the configuration, such as <c>cas.maxBlobBytes</c>.</param>
/// <param name="Value">What it is, as it would be written.</param>
internal sealed record SettingView(string Key, string Value);
