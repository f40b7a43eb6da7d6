using System.Runtime.InteropServices;
using RemoteExec.Protocol;

namespace RemoteExec.Builds.Records;

/// <summary>Puts together what became known of the actions of a build at different times.</summary>
internal static class MergedActions
{
    /// <summary>One for each action, in the order in which they were first heard of.</summary>
    public static List<ActionDelta> Of(IEnumerable<ActionDelta> deltas)
    {
        var places = new Dictionary<UInt128, int>();
        var merged = new List<ActionDelta>();
        foreach (ActionDelta delta in deltas)
        {
            ref int place = ref CollectionsMarshal.GetValueRefOrAddDefault(places, ActionKey.Of(delta.Digest.HashSpan), out bool isKnown);
            if (isKnown)
            {
                Add(ref CollectionsMarshal.AsSpan(merged)[place], delta);
                continue;
            }

            place = merged.Count;
            merged.Add(delta);
        }

        return merged;
    }

    private static void Add(ref ActionDelta sum, in ActionDelta delta)
    {
        if (!sum.Digest.HasSize)
            sum.Digest = delta.Digest;
        sum.Flags |= delta.Flags;
        sum.First = Math.Min(sum.First, delta.First);
        sum.Last = Math.Max(sum.Last, delta.Last);
        sum.Mnemonic = Later(sum.Mnemonic, delta.Mnemonic);
        sum.Target = Later(sum.Target, delta.Target);
        sum.Configuration = Later(sum.Configuration, delta.Configuration);
        sum.Worker = Later(sum.Worker, delta.Worker);
        if (delta.Ending.Length > 0)
            (sum.Ending, sum.ExitCode) = (delta.Ending, delta.ExitCode);
        sum.Queue = Later(sum.Queue, delta.Queue);
        sum.Fetch = Later(sum.Fetch, delta.Fetch);
        sum.Run = Later(sum.Run, delta.Run);
        sum.Upload = Later(sum.Upload, delta.Upload);
        sum.BytesSent += delta.BytesSent;
        sum.BytesReceived += delta.BytesReceived;
    }

    private static string Later(string before, string after) => after.Length > 0 ? after : before;

    private static long Later(long before, long after) => after >= 0 ? after : before;
}
