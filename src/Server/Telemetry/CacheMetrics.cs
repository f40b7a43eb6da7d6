using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using RemoteExec.Cas.Builds;

namespace RemoteExec.Server.Telemetry;

/// <summary>
/// What the cache was asked for and had, and what went through it: by service, instance, client and kind of action, all out of bounded sets. Meter <c>RemoteExec.Cache</c>; disposing ends the
/// instruments. Nothing is allocated for a call.
/// </summary>
internal sealed class CacheMetrics : ICallObserver, IDisposable
{
    private const int MostInstances = 50;
    private const int MostMnemonics = 200;
    private const int MostUsers = 1800; // of one service: the SDK keeps two thousand sets of attributes of an instrument

    private readonly BoundedNames instances = new(MostInstances);
    private readonly BoundedNames mnemonics = new(MostMnemonics);
    private readonly ConcurrentDictionary<User, Counts> counts = new(UserComparer.Instance);
    private readonly RecentUsers<Counts> recent = new();

    /// <summary>Makes the instruments.</summary>
    public CacheMetrics()
    {
        Meter.CreateObservableCounter("remoteexec.cache.lookups", LookUps, "{result}", "Results of actions, and values of ccache, that were asked for, by whether there was one.");
        Meter.CreateObservableCounter("remoteexec.cache.stored", Stored, "{result}", "Results of actions, and values of ccache, that clients have stored.");
        Meter.CreateObservableCounter("remoteexec.cache.io", Bytes, "By", "Content of blobs and values that was sent to clients and came from them, before compression.");
    }

    /// <summary>What the instruments are of.</summary>
    public Meter Meter { get; } = new("RemoteExec.Cache");

    /// <inheritdoc/>
    public bool IsEnabled => true;

    /// <inheritdoc/>
    public void Observe(in CallEvent call)
    {
        switch (call.Kind)
        {
            case CallKind.Hit:
                Counts hit = Of(call, "ac");
                Interlocked.Increment(ref hit.Hits);
                Interlocked.Add(ref hit.Read, call.Bytes);
                break;
            case CallKind.Miss:
                Interlocked.Increment(ref Of(call, "ac").Misses);
                break;
            case CallKind.Stored:
                Counts stored = Of(call, "ac");
                Interlocked.Increment(ref stored.Stored);
                Interlocked.Add(ref stored.Written, call.Bytes);
                break;
            case CallKind.Read:
                Interlocked.Add(ref Of(call, "cas").Read, call.Bytes);
                break;
            case CallKind.Written:
                Interlocked.Add(ref Of(call, "cas").Written, call.Bytes);
                break;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Meter.Dispose();

    private Counts Of(in CallEvent call, string service)
    {
        CacheClient client = CacheClient.Parse(call.Metadata is { } metadata ? metadata.Encoded : default);
        string instance = call.Digest.Instance.Value;
        if (recent.Find(service, instance, call.UserAgent, client) is { } same)
            return same;
        var user = new User(
            call.UserAgent is null ? service : "http",
            instances.Of(instance),
            call.UserAgent is { } agent ? ClientTool.OfUserAgent(agent) : ClientTool.Of(client.Tool),
            mnemonics.Of(client.Mnemonic));
        Counts found = CountsOf(user);
        recent.Add(service, instance, call.UserAgent, client, found);
        return found;
    }

    private Counts CountsOf(in User user)
    {
        if (counts.TryGetValue(user, out Counts? known))
            return known;
        return counts.GetOrAdd(counts.Count < MostUsers ? user : new User(user.Service, BoundedNames.Other, ClientTool.Other, BoundedNames.Other), static user => new Counts(user));
    }

    private IEnumerable<Measurement<long>> LookUps() => counts.Values.SelectMany(one => Some((one.Hits, one.HitTags), (one.Misses, one.MissTags)));

    private IEnumerable<Measurement<long>> Stored() => counts.Values.SelectMany(one => Some((one.Stored, one.Tags)));

    private IEnumerable<Measurement<long>> Bytes() => counts.Values.SelectMany(one => Some((one.Read, one.ReadTags), (one.Written, one.WriteTags)));

    private static IEnumerable<Measurement<long>> Some(params IEnumerable<(long Value, KeyValuePair<string, object?>[] Tags)> counted) =>
        counted.Where(one => one.Value > 0).Select(one => new Measurement<long>(one.Value, one.Tags));

    private readonly record struct User(string Service, string Instance, string Tool, string Mnemonic);

    /// <summary>The names are the same objects if they are equal.</summary>
    private sealed class UserComparer : IEqualityComparer<User>
    {
        public static readonly UserComparer Instance = new();

        public bool Equals(User x, User y) =>
            ReferenceEquals(x.Mnemonic, y.Mnemonic) && ReferenceEquals(x.Instance, y.Instance) && ReferenceEquals(x.Tool, y.Tool) && ReferenceEquals(x.Service, y.Service);

        public int GetHashCode(User user) => HashCode.Combine(
            RuntimeHelpers.GetHashCode(user.Service), RuntimeHelpers.GetHashCode(user.Instance), RuntimeHelpers.GetHashCode(user.Tool), RuntimeHelpers.GetHashCode(user.Mnemonic));
    }

    /// <summary>What is counted of one user.</summary>
    private sealed class Counts(User user)
    {
        public long Hits;
        public long Misses;
        public long Stored;
        public long Read;
        public long Written;

        public KeyValuePair<string, object?>[] Tags { get; } = TagsOf(user);

        public KeyValuePair<string, object?>[] HitTags { get; } = [.. TagsOf(user), new("result", "hit")];

        public KeyValuePair<string, object?>[] MissTags { get; } = [.. TagsOf(user), new("result", "miss")];

        public KeyValuePair<string, object?>[] ReadTags { get; } = [.. TagsOf(user), new("direction", "read")];

        public KeyValuePair<string, object?>[] WriteTags { get; } = [.. TagsOf(user), new("direction", "write")];

        private static KeyValuePair<string, object?>[] TagsOf(User user) =>
            [new("service", user.Service), new("instance_name", user.Instance), new("tool", user.Tool), new("mnemonic", user.Mnemonic)];
    }
}
