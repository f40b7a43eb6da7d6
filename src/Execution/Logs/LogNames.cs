using RemoteExec.Protocol.Workers;

namespace RemoteExec.Execution.Logs;

/// <summary>The log streams of a running action, as ByteStream reads them; a name is empty as long as there is no such stream.</summary>
/// <param name="Stdout">Of its standard output.</param>
/// <param name="Stderr">Of its standard error.</param>
internal sealed record LogNames(string Stdout, string Stderr)
{
    /// <summary>Those that a worker tells; null if it tells none. What is no name of a log stream is left out, as clients are to read nothing else by it.</summary>
    public static LogNames? Of(SynchronizeRequest.Types.Executing state)
    {
        (string stdout, string stderr) = (Checked(state.StdoutStreamName), Checked(state.StderrStreamName));
        return stdout.Length + stderr.Length == 0 ? null : new LogNames(stdout, stderr);
    }

    private static string Checked(string text) => LogStreamName.TryParse(text, out LogStreamName? name) && name.WriteToken is null ? text : "";
}
