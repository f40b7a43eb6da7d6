using System.Runtime.CompilerServices;

namespace RemoteExec.Probe.Diagnosis;

/// <summary>Looks from a client's side for what keeps it from using a server, or makes that slow: from the name over the network to what the server offers.</summary>
public static class Examination
{
    /// <summary>Examines the way to a server, each thing after those that it needs; ends where going on makes no sense.</summary>
    /// <param name="route">The way.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async IAsyncEnumerable<Finding> ExamineAsync(Route route, TimeProvider time, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (route.Address.SocketPath is null)
        {
            foreach (Func<Task<Finding>> look in new Func<Task<Finding>>[]
            {
                () => NetworkFindings.OfNameAsync(route, cancellationToken),
                () => NetworkFindings.OfPortAsync(route, time, cancellationToken),
                () => route.IsEncrypted ? TlsFindings.OfHandshakeAsync(route, time, cancellationToken) : NetworkFindings.OfPlainHttp2Async(route, cancellationToken),
            })
            {
                Finding finding = await look();
                yield return finding;
                if (finding.Level == FindingLevel.Failure)
                    yield break;
            }
        }

        Introduction introduction = await Introduction.AskAsync(route.Channel, route.Instance, cancellationToken);
        foreach (Finding finding in OfferFindings.Of(introduction, route))
            yield return finding;
        if (introduction.Capabilities is null)
            yield break;
        if (route.ShowsCredentials)
            yield return OfferFindings.OfStranger(await Introduction.AskAsync(route.Stranger, route.Instance, cancellationToken));
        yield return await SpeedFindings.OfClockAsync(route, time, cancellationToken);
        yield return await SpeedFindings.OfLatencyAsync(route, time, cancellationToken);
        if (introduction.Caches)
            yield return await SpeedFindings.OfThroughputAsync(route, time, cancellationToken);
    }
}
