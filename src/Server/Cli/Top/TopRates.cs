namespace RemoteExec.Server.Cli.Top;

/// <summary>What went on within some time, by the second.</summary>
/// <param name="Seconds">How long the time was.</param>
/// <param name="Requests">Calls of clients that have ended, and values that were asked for or stored over HTTP.</param>
/// <param name="Errors">Those of them that ended with another status than OK or NOT_FOUND.</param>
/// <param name="Hits">Results that were asked for and found.</param>
/// <param name="Misses">Results that were asked for and not found.</param>
/// <param name="SentBytes">Content that was sent to clients.</param>
/// <param name="ReceivedBytes">Content that came from clients.</param>
/// <param name="MedianLatencySeconds">Half of the calls of the action cache and the CAS took no longer; null if there was none. Estimated from a histogram, as the next.</param>
/// <param name="HighLatencySeconds">99 of 100 took no longer.</param>
internal sealed record TopRates(
    double Seconds, double Requests, double Errors, double Hits, double Misses, double SentBytes, double ReceivedBytes, double? MedianLatencySeconds, double? HighLatencySeconds)
{
    /// <summary>The part of look-ups that found something; null if there was none.</summary>
    public double? HitRate => Hits + Misses > 0 ? Hits / (Hits + Misses) : null;
}
