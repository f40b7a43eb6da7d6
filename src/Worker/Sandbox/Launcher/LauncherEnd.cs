using Microsoft.Win32.SafeHandles;

namespace RemoteExec.Worker.Sandbox.Launcher;

/// <summary>How a run of the launcher ended. Nothing of the action runs any more.</summary>
internal sealed record LauncherEnd : IDisposable
{
    /// <summary>How its first process ended, as <c>wait</c> tells it; null if the launcher killed it all.</summary>
    public int? Status { get; set; }

    /// <summary>From the start of the program to its end.</summary>
    public TimeSpan Duration { get; set; }

    /// <summary>The input root as the action left it; null if it was killed by the launcher.</summary>
    public SafeFileHandle? Root { get; set; }

    /// <summary>Why the action could not be begun; null if it could.</summary>
    public string? Failure { get; set; }

    /// <summary>Why its program could not be executed; null if it could.</summary>
    public Unexecutable? Unexecutable { get; set; }

    /// <summary>What all its processes used together.</summary>
    public ProcessUsage Usage { get; set; }

    /// <summary>Closes the root.</summary>
    public void Dispose() => Root?.Dispose();
}

/// <summary>Why a program could not be executed.</summary>
/// <param name="Error">The errno.</param>
/// <param name="Exists">True if there is something of its name.</param>
/// <param name="Program">The path that was tried last, relative to the working directory.</param>
internal readonly record struct Unexecutable(int Error, bool Exists, string Program);
