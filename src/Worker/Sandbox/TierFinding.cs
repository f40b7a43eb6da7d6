namespace RemoteExec.Worker.Sandbox;

/// <summary>What was found about one tier on this machine.</summary>
/// <param name="Tier">Its name.</param>
/// <param name="Problem">Why it does not work; null if it does.</param>
public sealed record TierFinding(string Tier, string? Problem);
