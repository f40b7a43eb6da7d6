namespace RemoteExec.Builds.Events;

/// <summary>An action that failed, as the client tells it.</summary>
/// <param name="Target">The target that it is for.</param>
/// <param name="Mnemonic">What kind of action it is.</param>
/// <param name="ExitCode">The exit code.</param>
/// <param name="Output">What it was to make first of all.</param>
/// <param name="Stdout">Where its standard output can be read, as the client has it: <c>bytestream://…/blobs/hash/size</c> once it is uploaded. Empty if the client does not say.</param>
/// <param name="Stderr">The same for its standard error.</param>
public sealed record FailedAction(string Target, string Mnemonic, int ExitCode, string Output, string Stdout, string Stderr);
