using RemoteExec.Server.Hosting;

namespace RemoteExec.Server.Configuration;

/// <summary>
/// Where the server listens: <c>ADDRESS:PORT</c> (port 0 for a free one) or <c>unix:PATH</c>, one or several of them. Where other machines can reach it, clients need <c>tls</c> and <c>auth</c>, or
/// <c>insecure</c>.
/// </summary>
internal sealed record ListenersOptions : IOptions
{
    /// <summary>The REAPI over gRPC: cache and execution.</summary>
    public IReadOnlyList<ListenAddress> Grpc { get; init; } = [ListenAddress.Parse("127.0.0.1:8980")];

    /// <summary>The HTTP/1.1 cache.</summary>
    public IReadOnlyList<ListenAddress> Http { get; init; } = [ListenAddress.Parse("127.0.0.1:8981")];

    /// <summary>
    /// For workers on other machines, who decide what actions answer: beyond this machine it takes <c>listeners.workerAuth</c>, or <c>auth</c>. It offers the CAS and the worker queue, and neither the
    /// action cache nor execution. Off unless an address is given.
    /// </summary>
    public IReadOnlyList<ListenAddress> Workers { get; init; } = [];

    /// <summary>How workers enrol.</summary>
    public WorkerAuthOptions WorkerAuth { get; init; } = new();

    /// <summary>The certificate; without one the listeners are plain.</summary>
    public TlsOptions Tls { get; init; } = new();

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (Grpc.Count == 0)
            yield return new(nameof(Grpc), "is empty: name at least one address");
        if (WorkerAuth.ClientCa is not null && Tls.Certificate is null)
            yield return new(nameof(WorkerAuth), "clientCa needs TLS, as certificates are shown by nothing else: set listeners.tls.certificate and listeners.tls.key");
        IEnumerable<string> repeated = Grpc.Concat(Http).Concat(Workers).Where(address => address.EndPoint?.Port != 0).GroupBy(address => address.ToString())
            .Where(group => group.Count() > 1).Select(group => group.Key);
        foreach (string address in repeated)
            yield return new("", $"{address} stands in more than one place: give each listener an address of its own");
    }
}
