namespace RemoteExec.Worker.Sandbox;

/// <summary>
/// Runs commands apart from each other and from the worker. Tiers differ in how far apart; what they have in common is tested by one contract
/// suite. May be called concurrently.
/// </summary>
internal interface ISandbox : IAsyncDisposable
{
    /// <summary>The name of the tier, as it is logged and advertised.</summary>
    string Tier { get; }

    /// <summary>True if input roots are to be told as layers, false if they are to be laid out in the action's directory.</summary>
    bool TakesLayers { get; }

    /// <summary>True if it mounts what is kept for later actions; without, an action has empty directories in its place.</summary>
    bool TakesCaches { get; }

    /// <summary>True if it can write down what a command looks at, in <see cref="ActionDirectory.AuditPath"/>.</summary>
    bool WatchesReads { get; }

    /// <summary>Why it can't run an action that asks for this; null if it can.</summary>
    string? Refuse(ActionPlatform platform);

    /// <summary>Where an action sees its input root.</summary>
    string RootOf(ActionDirectory directory);

    /// <summary>Where an action sees its directory for temporary files.</summary>
    string TemporaryOf(ActionDirectory directory);

    /// <summary>
    /// Runs a command to its end, or to its timeout. When this returns or throws, none of the processes that the command started, however they
    /// detached themselves, lives any longer (but see the tier), and its output files are complete: nothing can change them any more.
    /// A program that can't be started has exit code 127 (not found) or 126 (can't be executed) and the reason in its standard error, as in a shell.
    /// </summary>
    /// <exception cref="OperationCanceledException">The token fired; the command was stopped.</exception>
    /// <exception cref="IOException">The worker is short of something: processes, files, memory.</exception>
    Task<SandboxOutcome> RunAsync(SandboxCommand command, CancellationToken cancellationToken);
}
