namespace RemoteExec.Builds.Explain;

/// <summary>An action on the way from a root cause to what missed for it.</summary>
/// <param name="Action">The action, <c>function:hash/size</c>.</param>
/// <param name="Target">Its target; empty if it is not known.</param>
/// <param name="Mnemonic">What kind of action it is; empty if it is not known.</param>
/// <param name="Output">What it made, which differs.</param>
/// <param name="Sentence">Why it ran itself.</param>
public sealed record CauseStep(string Action, string Target, string Mnemonic, string Output, string Sentence);
