namespace RemoteExec.Probe.Diagnosis;

/// <summary>What an examination found about one thing.</summary>
/// <param name="Name">The thing, in a word.</param>
/// <param name="Level">How well it is.</param>
/// <param name="Text">What was found.</param>
/// <param name="Fix">What to change; null if there is nothing to.</param>
public sealed record Finding(string Name, FindingLevel Level, string Text, string? Fix = null);
