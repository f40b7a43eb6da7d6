namespace RemoteExec.Server.Configuration;

/// <summary>Traces: a span for each call, each action and each call to another server, with the client that it is for.</summary>
internal sealed record TracesOptions : IOptions
{
    /// <summary>
    /// Which part of the calls is traced, from 0 to 1, where the client has not decided by the context that it sends (`traceparent`). With 0 nothing is, whatever clients send, and costs nothing.
    /// </summary>
    public double Ratio { get; init; }

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (Ratio is not (>= 0 and <= 1))
            yield return new(nameof(Ratio), "must be between 0 and 1");
    }
}
