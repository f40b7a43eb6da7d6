using Microsoft.Extensions.Logging;
using RemoteExec.Cas.Builds;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>
/// Tells the evictor what to keep for builds under way: what was touched since the oldest of them began. When that is more than its share of the store, claims are given up: first
/// those to blobs that were only written, whose writer most often has them still, then those to all others; of each the oldest build's first.
/// </summary>
/// <remarks>Only the evictor uses it, one at a time. The bytes are counted in the index: an eviction looks at every entry anyway.</remarks>
internal sealed class BuildProtection(SegmentStoreOptions options, SegmentLog log, LiveBuilds builds, ILogger logger, TimeProvider time)
{
    private static readonly TimeSpan pause = TimeSpan.FromHours(1); // between two messages
    private long usesGivenUp = long.MinValue; // builds that began until then have no claim to what was used
    private long writingsGivenUp = long.MinValue;
    private long? told;
    private long keptBytes;

    /// <summary>The bytes of what was kept by the last decision. May be asked at any time.</summary>
    public long KeptBytes => Interlocked.Read(ref keptBytes);

    /// <summary>What is to be kept by the next eviction.</summary>
    public KeptBlobs Decide()
    {
        if (options.BuildsPercent == 0 || builds.OldestSince(usesGivenUp) is not { } oldest)
        {
            Interlocked.Exchange(ref keptBytes, 0);
            return KeptBlobs.None;
        }

        Dictionary<Touch, long> touched = log.CountTouched(log.EraAt(oldest));

        long share = (long)(log.Bound * (options.BuildsPercent / 100m));
        while (true)
        {
            KeptBlobs kept = Claims();
            long bytes = touched.Where(touch => kept.Includes(touch.Key)).Sum(touch => touch.Value);
            if (bytes <= share)
            {
                Interlocked.Exchange(ref keptBytes, bytes);
                return kept;
            }

            GiveUp(bytes);
        }
    }

    /// <summary>Gives up all claims there are: nothing else is left to evict.</summary>
    public void GiveUpAll()
    {
        Tell(log.Bound);
        while (builds.OldestSince(usesGivenUp) is { } began)
            usesGivenUp = writingsGivenUp = began;
    }

    private KeptBlobs Claims() => new(EraOf(usesGivenUp), EraOf(Math.Max(usesGivenUp, writingsGivenUp)));

    private uint EraOf(long givenUp) => builds.OldestSince(givenUp) is { } began ? log.EraAt(began) : uint.MaxValue;

    private void GiveUp(long bytes)
    {
        Tell(bytes);
        if (builds.OldestSince(Math.Max(usesGivenUp, writingsGivenUp)) is { } writer)
            writingsGivenUp = writer;
        else if (builds.OldestSince(usesGivenUp) is { } user)
            usesGivenUp = user;
    }

    private void Tell(long bytes)
    {
        long now = time.GetTimestamp();
        if (told is { } last && time.GetElapsedTime(last, now) < pause)
            return;
        told = now;
        CasLog.BuildNotProtected(logger, options.Name, bytes);
    }
}
