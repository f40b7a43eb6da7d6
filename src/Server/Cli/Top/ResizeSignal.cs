using System.Runtime.InteropServices;

namespace RemoteExec.Server.Cli.Top;

/// <summary>Tells when the terminal has another size, where there are signals for that.</summary>
internal sealed class ResizeSignal : IDisposable
{
    private readonly PosixSignalRegistration? registration;
    private TaskCompletionSource next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Begins to listen.</summary>
    public ResizeSignal()
    {
        if (!OperatingSystem.IsWindows())
            registration = PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => Tell());
    }

    /// <summary>Ends with the next change.</summary>
    public Task Next => Volatile.Read(ref next).Task;

    /// <inheritdoc/>
    public void Dispose() => registration?.Dispose();

    private void Tell() => Interlocked.Exchange(ref next, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
}
