using Google.Protobuf;
using Microsoft.Data.Sqlite;
using RemoteExec.Builds.Calls;
using RemoteExec.Builds.Sharing;
using RemoteExec.Cas.Builds;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Sharing;

namespace RemoteExec.Builds.Records;

/// <summary>Groups calls into builds, and keeps these in the database, within the bounds that it is given.</summary>
/// <param name="options">The bounds.</param>
/// <param name="restore">Reads what is known of a build that may have gone on before; null for nothing.</param>
internal sealed class BuildRecorder(BuildRecordOptions options, Func<BuildName, OpenBuild?> restore) : ICallSink
{
    /// <summary>After how long without a call a build leaves memory; should it go on, it is read again.</summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromMinutes(5);

    private const int MostActionsInMemory = 2_000_000;
    private const long MillisecondsInHour = 3_600_000;

    private readonly ActionTexts texts = new();
    private readonly BuildTable table = new(options);
    private readonly Dictionary<BuildName, OpenBuild> open = [];
    private readonly Dictionary<HourKey, SumTable> hours = [];
    private OpenBuild? last;
    private SumTable? lastSums;
    private HourKey lastHour;

    /// <summary>What other servers are told of, and tell; null if there are none.</summary>
    public SharedBuilds? Shared { get; set; }

    /// <summary>How many builds are in memory.</summary>
    public int OpenBuilds => open.Count;

    /// <inheritdoc/>
    public void Take(in ObservedCall call)
    {
        long now = call.Milliseconds;
        OpenBuild build = Find(call, now);
        build.Calls++;
        build.Seen = Math.Max(build.Seen, now);
        build.Began = Math.Min(build.Began, now);
        build.IsChanged = true;
        SumTable sums = SumsOf(now / MillisecondsInHour, build);
        switch (call.Kind)
        {
            case CallKind.Read:
                build.TakeBytes(call, call.Bytes, 0, texts);
                sums.AddBytes(call.Bytes, 0);
                break;
            case CallKind.Written:
                build.TakeBytes(call, 0, call.Bytes, texts);
                sums.AddBytes(0, call.Bytes);
                break;
            case CallKind.AskedMissing:
                build.Asked += call.Blobs;
                break;
            default:
                build.TakeAction(call, texts, sums);
                AddCarried(call, build, sums);
                break;
        }
    }

    /// <inheritdoc/>
    public void Write(SqliteConnection connection, DateTimeOffset now)
    {
        foreach (BuildPart part in Shared?.Take(connection, now) ?? [])
            Add(part);
        foreach (OpenBuild build in open.Values)
        {
            if (!build.IsChanged)
                continue;
            build.IsChanged = false;
            IReadOnlyList<byte[]> chunks = build.TakeChunks();
            Shared?.Tell(build, chunks);
            foreach (byte[] chunk in build.TakeOthersChunks().Concat(chunks))
                table.AddChunk(connection, build, chunk);
            table.Put(connection, build);
        }

        Shared?.Write(connection, now);
        foreach ((HourKey key, SumTable sums) in hours)
            table.AddHour(connection, key, sums);
        hours.Clear();
        lastSums = null;
        LeaveMemory(now.ToUnixTimeMilliseconds());
        table.Trim(connection, now);
    }

    /// <inheritdoc/>
    public void Reset()
    {
        open.Clear();
        hours.Clear();
        (last, lastSums) = (null, null);
        Shared?.Reset();
    }

    // What came to another server.
    private void Add(BuildPart part)
    {
        if (!InstanceName.TryParse(part.Instance, out InstanceName instance, out _))
        {
            Shared!.NotUnderstood();
            return;
        }

        BuildName name = part.Invocation.Length > 0
            ? new BuildName(instance.Value, part.Invocation, "", 0)
            : new BuildName(instance.Value, "", part.Tool, part.Began / MillisecondsInHour);
        OpenBuild build = Open(name, part.Began);
        if (build.Tool.Length == 0)
            (build.Tool, build.ToolVersion, build.Correlated) = (part.Tool, part.ToolVersion, part.Correlated);
        build.Began = Math.Min(build.Began, part.Began);
        build.Seen = Math.Max(build.Seen, part.Seen);
        build.IsChanged = true;
        SumTable sums = SumsOf(part.Seen / MillisecondsInHour, build);
        build.Add(part.Calls, part.BlobsAsked, part.BytesSent, part.BytesReceived);
        sums.AddBytes(part.BytesSent, part.BytesReceived);
        foreach (ByteString chunk in part.Actions)
        {
            if (ActionChunk.TryDecode(instance, chunk.Span, out List<ActionDelta>? actions))
                build.Add(chunk.ToByteArray(), actions, sums);
            else
                Shared!.NotUnderstood();
        }
    }

    // Results and values that came or went with the call itself.
    private static void AddCarried(in ObservedCall call, OpenBuild build, SumTable sums)
    {
        if (call.Bytes == 0)
            return;
        (long sent, long received) = call.Kind == CallKind.Stored ? (0L, call.Bytes) : (call.Bytes, 0L);
        build.Sums.AddBytes(sent, received);
        sums.AddBytes(sent, received);
    }

    private OpenBuild Find(in ObservedCall call, long now)
    {
        BuildName name = NameOf(call, now);
        if (last is { } same && same.Name == name)
            return same;
        OpenBuild build = Open(name, now);
        if (build.Tool.Length == 0)
        {
            build.Tool = name.Tool.Length > 0 ? name.Tool : ToolOf(call);
            build.ToolVersion = texts.Other.Get(call.Metadata.ToolVersion);
            build.Correlated = texts.Other.Get(call.Metadata.Correlated);
        }

        return last = build;
    }

    private OpenBuild Open(BuildName name, long began)
    {
        if (!open.TryGetValue(name, out OpenBuild? build))
        {
            build = restore(name) ?? new OpenBuild { Key = name.ToKey(), Name = name, Began = began };
            open.Add(name, build);
        }

        return build;
    }

    private BuildName NameOf(in ObservedCall call, long now)
    {
        string instance = call.Digest.Instance.Value;
        return call.Metadata.Invocation.IsEmpty
            ? new BuildName(instance, "", ToolOf(call), now / MillisecondsInHour)
            : new BuildName(instance, texts.Invocation.Get(call.Metadata.Invocation), "", 0);
    }

    private string ToolOf(in ObservedCall call) => call.Metadata.Tool.IsEmpty ? UserAgent.ToTool(call.UserAgent) : texts.Tool.Get(call.Metadata.Tool);

    private SumTable SumsOf(long hour, OpenBuild build)
    {
        var key = new HourKey(hour, build.Name.Instance, build.Tool);
        if (lastSums is not null && lastHour == key)
            return lastSums;
        if (!hours.TryGetValue(key, out SumTable? sums))
            hours.Add(key, sums = new SumTable());
        (lastHour, lastSums) = (key, sums);
        return sums;
    }

    private void LeaveMemory(long now)
    {
        long oldest = now - (long)Patience.TotalMilliseconds;
        foreach ((BuildName name, OpenBuild build) in open)
        {
            if (build.Seen < oldest)
                open.Remove(name);
        }

        long actions = open.Values.Sum(build => (long)build.KnownActions);
        if (actions > MostActionsInMemory)
        {
            foreach (OpenBuild build in open.Values.OrderBy(build => build.Seen).ToArray())
            {
                open.Remove(build.Name);
                if ((actions -= build.KnownActions) <= MostActionsInMemory)
                    break;
            }
        }

        last = null;
    }
}
