using System.Diagnostics;

namespace RemoteExec.Cas;

/// <summary>The spans of what stores ask of others over a network, as client spans below what they do it for. Where nobody listens there are none, and they cost nothing.</summary>
internal static class CasTracing
{
    private static readonly ActivitySource source = new("RemoteExec.Cas");

    /// <summary>Begins a span; null if what it is done for is not traced. Whoever begins it disposes it.</summary>
    /// <param name="name">What is asked, out of a few.</param>
    /// <param name="store">The name of the store.</param>
    public static Activity? Begin(string name, string store)
    {
        if (!source.HasListeners() || Activity.Current is null)
            return null;
        return source.StartActivity(name, ActivityKind.Client)?.SetTag("remoteexec.store.name", store);
    }

    /// <summary>Says that it failed.</summary>
    public static void Fail(Activity? span, Exception exception) =>
        span?.SetTag("error.type", exception.GetType().Name).SetStatus(ActivityStatusCode.Error, exception.Message);
}
