namespace RemoteExec.Server.Cli;

/// <summary>How the process ends.</summary>
internal static class ExitCode
{
    /// <summary>It did what it was asked to.</summary>
    public const int Ok = 0;

    /// <summary>It could not: a port in use, a full disk.</summary>
    public const int Failed = 1;

    /// <summary>It was asked in the wrong way: a bad flag or a bad configuration.</summary>
    public const int Usage = 2;

    /// <summary>What was to be verified is not what it says it is, or says nothing; what was to be the same each time is not.</summary>
    public const int NotVerified = 3;

    /// <summary>The command that it was to run took too long.</summary>
    public const int TimedOut = 124;

    /// <summary>It could not run the command whose exit code it passes on, or has not what that made; or it was asked in the wrong way.</summary>
    public const int NotRun = 125;

    /// <summary>It was interrupted: a server or a worker for a second time, while it drained.</summary>
    public const int Interrupted = 130;
}
