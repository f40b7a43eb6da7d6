namespace RemoteExec.Worker;

/// <summary>Puts together what is known of a running action, which comes from different sides. Thread-safe.</summary>
/// <param name="report">Told all of it whenever something is new.</param>
internal sealed class ProgressReport(Action<ActionProgress> report)
{
    private readonly Lock gate = new(); // guards what was told last, and the order in which it is told
    private ActionProgress last = new(new Reapi.ExecutedActionMetadata());

    /// <summary>A phase has ended.</summary>
    /// <param name="metadata">May be changed afterwards.</param>
    public void Tell(Reapi.ExecutedActionMetadata metadata)
    {
        lock (gate)
            report(last = last with { Metadata = metadata.Clone() });
    }

    /// <summary>The output can be read elsewhere than before.</summary>
    public void Tell(string stdoutStream, string stderrStream)
    {
        lock (gate)
            report(last = last with { StdoutStream = stdoutStream, StderrStream = stderrStream });
    }
}
