using System.Collections.Concurrent;

namespace RemoteExec.Cas.Builds;

/// <summary>
/// Which builds are under way, so that stores can keep what they use: a client that leaves its outputs on the server has no other copy. Told by whoever serves calls.
/// May be used concurrently.
/// </summary>
/// <remarks>
/// A build lives from its first call until none of its calls was under way for <paramref name="quietTime"/>. Calls that name no build, and those of builds above
/// <see cref="MostBuilds"/>, count together as one, and every <paramref name="quietTime"/> as another: so what they use is kept for as long, and not as long as there
/// is any such call.
/// </remarks>
/// <param name="quietTime">For how long a build may be silent, because it runs a long action by itself; zero if no build is to be known.</param>
/// <param name="time">The clock.</param>
public sealed class LiveBuilds(TimeSpan quietTime, TimeProvider time)
{
    /// <summary>How many builds are known by their names at a time.</summary>
    public const int MostBuilds = 10_000;

    private const int LongestName = 256;

    private readonly ConcurrentDictionary<string, LiveBuild> named = new(StringComparer.Ordinal);
    private readonly Lock gate = new(); // guards the fields below
    private readonly Queue<LiveBuild> former = new(); // nameless ones that were succeeded
    private LiveBuild? nameless;
    private long cleaned;

    private static readonly AsyncLocal<bool> isNameless = new();

    /// <summary>For stores of which nobody tells what uses them.</summary>
    public static LiveBuilds None { get; } = new(TimeSpan.Zero, TimeProvider.System);

    /// <summary>A call of a build begins; null if builds are not to be known. Whoever calls gives what this returns to <see cref="Leave"/>.</summary>
    /// <param name="name">What the build calls itself, as <c>tool_invocation_id</c> does; null or empty if it doesn't.</param>
    public LiveBuild? Enter(string? name)
    {
        if (quietTime == TimeSpan.Zero)
            return null;
        long now = time.GetTimestamp();
        LiveBuild build = Find(name, now);
        build.Enter(now);
        return build;
    }

    /// <summary>
    /// Says that the call in whose flow this is called names no build. What such a client uploads it has itself, so it is not kept for builds: else anybody's uploads would drive
    /// out what builds rely on.
    /// </summary>
    public static void SetNameless() => isNameless.Value = true;

    /// <summary>True if what is written in this flow is to be kept for builds.</summary>
    public bool CountsWriting => quietTime > TimeSpan.Zero && !isNameless.Value;

    /// <summary>A call ends.</summary>
    public void Leave(LiveBuild? build) => build?.Leave(time.GetTimestamp());

    /// <summary>
    /// When the live build began that began first, of those that began later than <paramref name="after"/>; null if there is none. Both are timestamps of the clock.
    /// </summary>
    public long? OldestSince(long after)
    {
        long now = time.GetTimestamp();
        lock (gate)
        {
            Clean(now);
            return All().Where(build => build.Began > after && IsLive(build, now)).Select(build => (long?)build.Began).Min();
        }
    }

    private LiveBuild Find(string? name, long now)
    {
        bool isNamed = name is { Length: > 0 and <= LongestName };
        if (isNamed && named.TryGetValue(name!, out LiveBuild? known) && IsLive(known, now))
            return known;
        lock (gate)
        {
            if (time.GetElapsedTime(cleaned, now) >= quietTime / 4)
                Clean(now);
            if (isNamed && named.TryGetValue(name!, out known) && IsLive(known, now))
                return known;
            if (isNamed && named.Count < MostBuilds)
                return named[name!] = new LiveBuild(now);
            if (nameless is not null && time.GetElapsedTime(nameless.Began, now) < quietTime)
                return nameless;
            if (nameless is not null)
                former.Enqueue(nameless);
            return nameless = new LiveBuild(now);
        }
    }

    private bool IsLive(LiveBuild build, long now) => build.HasOpenCalls || time.GetElapsedTime(build.Seen, now) < quietTime;

    private IEnumerable<LiveBuild> All() => named.Values.Concat(former).Concat(nameless is null ? [] : [nameless]);

    /// <summary>Forgets those that have ended. The caller holds the lock.</summary>
    private void Clean(long now)
    {
        cleaned = now;
        foreach ((string name, LiveBuild build) in named)
        {
            if (!IsLive(build, now))
                named.TryRemove(name, out _);
        }

        while (former.TryPeek(out LiveBuild? first) && !IsLive(first, now))
            former.Dequeue();
    }
}
