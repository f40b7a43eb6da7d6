using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using RemoteExec.Native;
using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Worker.Replay;

/// <summary>
/// Gives a program in a sandbox a terminal of its own, and shows that on the one that this process has: so nothing in the sandbox has hold of the real one, keys mean to the program what they mean on any
/// terminal, and its size changes with the real one's.
/// </summary>
internal static class TerminalRelay
{
    /// <summary>The number of standard input.</summary>
    public const int Input = 0;

    private const int Output = 1;
    private const int BufferBytes = 16 * 1024;

    /// <summary>Runs a program that gets such a terminal, to its end.</summary>
    /// <param name="user">Who the program runs as; null for the own user.</param>
    /// <param name="run">Runs it.</param>
    /// <exception cref="IOException">There is no terminal to be had.</exception>
    public static async Task<T> RunAsync<T>(uint? user, Func<SandboxInput, Task<T>> run)
    {
        using PseudoTerminal terminal = PseudoTerminal.Open();
        if (user is { } owner)
            terminal.GiveTo(owner);
        terminal.TakeSizeOf(Input);
        using PosixSignalRegistration resized = PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => terminal.TakeSizeOf(Input));
        using var raw = new RawTerminal(Input);

        // A read of a terminal can't be given up: the thread with the keys ends with the process, or with the next key.
        Start("keys", Input, terminal.Screen);
        Task shown = Start("screen", terminal.Screen, Output);
        try
        {
            return await run(new SandboxInput(terminal.Line, terminal.Path));
        }
        finally
        {
            terminal.Line.Dispose(); // then nobody has it open, and what is left to show ends
            await shown;
        }
    }

    private static void Start(string name, int from, SafeFileHandle to) => Start(name, new SafeFileHandle(from, ownsHandle: false), to);

    private static Task Start(string name, SafeFileHandle from, int to) => Start(name, from, new SafeFileHandle(to, ownsHandle: false));

    private static Task Start(string name, SafeFileHandle from, SafeFileHandle to)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(
            () =>
            {
                Copy(from, to);
                ended.SetResult();
            })
        {
            IsBackground = true,
            Name = name,
        }.Start();
        return ended.Task;
    }

    private static void Copy(SafeFileHandle from, SafeFileHandle to)
    {
        byte[] buffer = new byte[BufferBytes];
        try
        {
            FileStream source = new(from, FileAccess.Read, bufferSize: 0), target = new(to, FileAccess.Write, bufferSize: 0); // the handles are closed by whoever opened them
            for (int count; (count = source.Read(buffer)) > 0;)
                target.Write(buffer.AsSpan(0, count));
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            // One of the two terminals is gone: that is how it ends.
        }
    }
}
