using System.Runtime.InteropServices;

namespace RemoteExec.Server.Cli;

/// <summary>SIGTERM and SIGINT: the first asks the process to stop, the second ends it at once.</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource stopping = new();
    private readonly PosixSignalRegistration[] registrations;

    /// <summary>Starts listening to the signals.</summary>
    /// <param name="withHangup">True to listen to SIGHUP as well: to stop when the terminal is closed.</param>
    public StopSignals(bool withHangup = false) => registrations =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal),
        PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal),
        .. withHangup ? [PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnSignal)] : Array.Empty<PosixSignalRegistration>(),
    ];

    /// <summary>Fires at the first signal.</summary>
    public CancellationToken Stopping => stopping.Token;

    /// <summary>Stops listening.</summary>
    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in registrations)
            registration.Dispose();
        stopping.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        if (stopping.IsCancellationRequested)
            Environment.Exit(ExitCode.Interrupted);
        stopping.Cancel();
    }
}
