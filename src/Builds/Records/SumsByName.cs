namespace RemoteExec.Builds.Records;

/// <summary>What the actions of one mnemonic, or of one target, came to.</summary>
/// <param name="Name">The mnemonic or the target; empty for actions of which the client does not say it.</param>
/// <param name="Sums">What they came to.</param>
public sealed record SumsByName(string Name, ActionSums Sums);
