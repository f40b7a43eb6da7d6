using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Worker;

/// <summary>How a command's end is told to people, beside its exit code.</summary>
internal static class CommandEnd
{
    private static readonly Dictionary<int, string> names = new()
    {
        [1] = "SIGHUP",
        [2] = "SIGINT",
        [3] = "SIGQUIT",
        [4] = "SIGILL",
        [5] = "SIGTRAP",
        [6] = "SIGABRT",
        [7] = "SIGBUS",
        [8] = "SIGFPE",
        [9] = "SIGKILL",
        [10] = "SIGUSR1",
        [11] = "SIGSEGV",
        [12] = "SIGUSR2",
        [13] = "SIGPIPE",
        [14] = "SIGALRM",
        [15] = "SIGTERM",
        [24] = "SIGXCPU",
        [25] = "SIGXFSZ",
        [31] = "SIGSYS",
    };

    /// <summary>What there is to say of an end that was not the command's own, in a line; empty if it was, or if the status tells.</summary>
    public static string Explain(SandboxOutcome outcome) => outcome switch
    {
        { TimedOut: true } or { TooMuchDisk: not null } => "",
        { OutOfMemory: true } => "the command was killed because memory was short; the platform property 'memory' asks for more\n",
        { Signal: > 0 and var signal } => $"the command was ended by signal {signal}{(names.TryGetValue(signal, out string? name) ? $" ({name})" : "")}\n",
        _ => "",
    };
}
