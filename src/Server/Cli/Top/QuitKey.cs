namespace RemoteExec.Server.Cli.Top;

/// <summary>Waits for the key <c>q</c>, or the escape key, without showing what is typed. Reading a terminal can't be given up: the thread that does so ends with the process.</summary>
internal sealed class QuitKey
{
    private readonly TaskCompletionSource pressed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Begins to read, if standard input is a terminal.</summary>
    public QuitKey()
    {
        if (!Console.IsInputRedirected)
            new Thread(Read) { IsBackground = true, Name = "keys" }.Start();
    }

    /// <summary>Ends when it was pressed.</summary>
    public Task Pressed => pressed.Task;

    private void Read()
    {
        try
        {
            while (Console.ReadKey(intercept: true) is not { Key: ConsoleKey.Q or ConsoleKey.Escape })
            {
                // Others mean nothing.
            }

            pressed.TrySetResult();
        }
        catch (Exception exception) when (exception is InvalidOperationException or IOException)
        {
            // The terminal is gone; signals tell of that.
        }
    }
}
