using RemoteExec.Protocol;

namespace RemoteExec.Builds.Explain.History;

/// <summary>An action of the history.</summary>
/// <param name="Digest">The action.</param>
/// <param name="Line">What it makes.</param>
/// <param name="Invocation">The build that asked for it last.</param>
/// <param name="Seen">When.</param>
/// <param name="Content">What it says; the command is missing where it was too long to be kept.</param>
internal sealed record KnownAction(Digest Digest, long Line, long Invocation, DateTimeOffset Seen, ActionContent Content);
