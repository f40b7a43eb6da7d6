namespace RemoteExec.Worker;

/// <summary>What is known of a running action so far. Never changes: there is a new one when more is known.</summary>
/// <param name="Metadata">Its timestamps tell the phase.</param>
/// <param name="StdoutStream">Where its standard output can be read while it runs; empty as long as there is no such place.</param>
/// <param name="StderrStream">The same for its standard error.</param>
internal sealed record ActionProgress(Reapi.ExecutedActionMetadata Metadata, string StdoutStream = "", string StderrStream = "");
