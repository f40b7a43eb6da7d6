namespace RemoteExec.Builds.Events;

/// <summary>Whose events they are: those of one stream have one order (BES-03).</summary>
/// <param name="Build">The <c>build_id</c>; may be empty for a tool's stream.</param>
/// <param name="Invocation">The <c>invocation_id</c>; empty for what is told of a build as a whole.</param>
/// <param name="Component">Who tells it, as on the wire.</param>
internal readonly record struct EventStreamId(string Build, string Invocation, int Component);
