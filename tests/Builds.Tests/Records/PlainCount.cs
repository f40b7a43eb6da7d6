using RemoteExec.Builds.Records;
using RemoteExec.Cas.Builds;

namespace RemoteExec.Builds.Tests.Records;

/// <summary>Calls that are drawn, and what they come to, counted in the simplest way.</summary>
internal static class PlainCount
{
    private static readonly CallKind[] kinds = [CallKind.Hit, CallKind.Miss, CallKind.Stored, CallKind.Executed, CallKind.Read, CallKind.Written];
    private static readonly string[] outcomes = ["ok", "nonzero_exit", "cached", "timeout"];

    /// <summary>Any call.</summary>
    public static ToldCall Draw(Random random)
    {
        CallKind kind = kinds[random.Next(kinds.Length)];
        int action = random.Next(12);
        bool carries = kind is CallKind.Read or CallKind.Written;
        return new ToldCall(kind, ToldCall.ActionOf(action))
        {
            Invocation = $"build-{random.Next(3)}",
            Mnemonic = action % 2 == 0 ? "CppCompile" : "CppLink",
            Outcome = kind == CallKind.Executed ? outcomes[random.Next(outcomes.Length)] : null,
            IsMerged = random.Next(4) == 0,
            Bytes = carries ? random.Next(1000) : 0,
        };
    }

    /// <summary>What the calls of a build come to.</summary>
    public static ActionSums Of(List<ToldCall> calls)
    {
        int hits = 0, executed = 0, merged = 0, failed = 0, stored = 0, missed = 0;
        foreach (IGrouping<string, ToldCall> action in calls.Where(call => call.Kind is not (CallKind.Read or CallKind.Written)).GroupBy(call => call.Digest.Hash))
        {
            bool Any(Func<ToldCall, bool> what) => action.Any(what);
            if (Any(call => call.Outcome is "nonzero_exit" or "timeout"))
                failed++;
            else if (Any(call => call is { Outcome: "ok", IsMerged: false }))
                executed++;
            else if (Any(call => call is { Outcome: "ok" }))
                merged++;
            else if (Any(call => call.Kind == CallKind.Hit || call.Outcome == "cached"))
                hits++;
            else if (Any(call => call.Kind == CallKind.Stored))
                stored++;
            else
                missed++;
        }

        int misses = executed + merged + failed + stored + missed;
        return new ActionSums
        {
            Actions = hits + misses,
            Hits = hits,
            Misses = misses,
            Executed = executed,
            Merged = merged,
            Failed = failed,
            Stored = stored,
            HitsWithoutTime = hits,
            BytesSent = calls.Where(call => call.Kind == CallKind.Read).Sum(call => call.Bytes),
            BytesReceived = calls.Where(call => call.Kind == CallKind.Written).Sum(call => call.Bytes),
        };
    }

    /// <summary>Sums together, of what a plain count knows.</summary>
    public static ActionSums Sum(IEnumerable<SumsByName> parts)
    {
        ActionSums[] sums = [.. parts.Select(part => part.Sums)];
        return new ActionSums
        {
            Actions = sums.Sum(part => part.Actions),
            Hits = sums.Sum(part => part.Hits),
            Misses = sums.Sum(part => part.Misses),
            Executed = sums.Sum(part => part.Executed),
            Merged = sums.Sum(part => part.Merged),
            Failed = sums.Sum(part => part.Failed),
            Stored = sums.Sum(part => part.Stored),
            HitsWithoutTime = sums.Sum(part => part.HitsWithoutTime),
            BytesSent = sums.Sum(part => part.BytesSent),
            BytesReceived = sums.Sum(part => part.BytesReceived),
        };
    }

    /// <summary>What a plain count knows of sums.</summary>
    public static ActionSums Comparable(ActionSums sums) => Sum([new SumsByName("", sums)]);
}
