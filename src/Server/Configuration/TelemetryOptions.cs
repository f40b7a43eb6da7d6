namespace RemoteExec.Server.Configuration;

/// <summary>What the server tells of itself to those who watch it, beside its log.</summary>
internal sealed record TelemetryOptions : IOptions
{
    /// <summary>Whether anything is counted, for `/metrics` on the HTTP listeners and for OTLP. It takes a few percent of the CPU of small calls.</summary>
    public bool Metrics { get; init; } = true;

    /// <summary>Where metrics and traces are sent.</summary>
    public OtlpOptions Otlp { get; init; } = new();

    /// <summary>Which calls and actions are traced.</summary>
    public TracesOptions Traces { get; init; } = new();

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate() => [];
}
