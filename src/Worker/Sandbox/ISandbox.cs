namespace RemoteExec.Worker.Sandbox;

/// <summary>
/// Runs commands apart from each other and from the worker. Tiers differ in how far apart; what they have in common is tested by one contract
/// suite. May be called concurrently.
/// </summary>
internal interface ISandbox
{
    /// <summary>The name of the tier, as it is logged and advertised.</summary>
    string Tier { get; }

    /// <summary>
    /// Runs a command to its end, or to its timeout. When this returns or throws, none of the processes that the command started, however they
    /// detached themselves, lives any longer (but see the tier), and its output files are complete: nothing can change them any more.
    /// A program that can't be started has exit code 127 (not found) or 126 (can't be executed) and the reason in its standard error, as in a shell.
    /// </summary>
    /// <exception cref="OperationCanceledException">The token fired; the command was stopped.</exception>
    /// <exception cref="IOException">The worker is short of something: processes, files, memory.</exception>
    Task<SandboxOutcome> RunAsync(SandboxCommand command, CancellationToken cancellationToken);
}
