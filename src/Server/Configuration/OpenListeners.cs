using RemoteExec.Server.Hosting;

namespace RemoteExec.Server.Configuration;

/// <summary>Finds listeners that others can reach who may do there what they like: nobody opens one by mistake.</summary>
internal static class OpenListeners
{
    private const string Listeners = nameof(ServerOptions.Listeners) + ".";

    /// <summary>What is wrong with the listeners of a server.</summary>
    public static IEnumerable<OptionProblem> Check(ServerOptions options)
    {
        ListenersOptions listeners = options.Listeners;
        if (listeners.WorkerAuth is { TokenFile: null, ClientCa: null, Insecure: false } && !options.Auth.HasMethod && FirstOpen(listeners.Workers) is { } workers)
        {
            yield return new(
                Listeners + nameof(listeners.Workers),
                $"{workers} can be reached from other machines, and whoever joins there decides what actions answer: set listeners.workerAuth.tokenFile or listeners.workerAuth.clientCa, or say listeners.workerAuth.insecure: true");
        }

        List<string> missing = [];
        if (listeners.Tls.Certificate is null)
            missing.Add("TLS (listeners.tls.certificate and key)");
        if (!options.Auth.HasMethod)
            missing.Add("a way for callers to show who they are (auth, for example auth.tokens.file)");
        if (options.Insecure || missing.Count == 0)
            yield break;
        foreach ((string name, IReadOnlyList<ListenAddress> addresses) in new[] { (nameof(listeners.Grpc), listeners.Grpc), (nameof(listeners.Http), listeners.Http) })
        {
            if (FirstOpen(addresses) is { } open)
            {
                yield return new(
                    Listeners + name,
                    $"{open} can be reached from other machines, whose users could read and write the cache, or listen: set up {string.Join(" and ", missing)}; or say insecure: true (--insecure) where the network lets nobody else through");
            }
        }
    }

    private static ListenAddress? FirstOpen(IReadOnlyList<ListenAddress> addresses) => addresses.FirstOrDefault(address => !address.IsOfThisMachine);
}
