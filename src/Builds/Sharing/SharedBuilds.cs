using Google.Protobuf;
using Microsoft.Data.Sqlite;
using RemoteExec.Builds.Records;
using RemoteExec.Protocol.Sharing;

namespace RemoteExec.Builds.Sharing;

/// <summary>What the recorder of builds tells other servers, and hears of them, with each of its transactions. Called by the one who writes the file.</summary>
internal sealed class SharedBuilds(SharingLedger<BuildBatch> ledger, SharingCounts counts)
{
    private readonly BuildBatch batch = new();

    /// <summary>What others have told since this was asked last.</summary>
    public IEnumerable<BuildPart> Take(SqliteConnection connection, DateTimeOffset now) => ledger.Take(connection, now).SelectMany(batch => batch.Builds);

    /// <summary>Others are to know what came to a build.</summary>
    public void Tell(OpenBuild build, IReadOnlyList<byte[]> actions)
    {
        (long calls, long asked, long sent, long received) = build.TakeUntold();
        if (actions.Count == 0 && (calls | asked | sent | received) == 0)
            return; // all of it was told by others
        batch.Builds.Add(new BuildPart
        {
            Instance = build.Name.Instance,
            Invocation = build.Name.Invocation,
            Tool = build.Tool,
            ToolVersion = build.ToolVersion,
            Correlated = build.Correlated,
            Began = build.Began,
            Seen = build.Seen,
            Calls = calls,
            BlobsAsked = asked,
            BytesSent = sent,
            BytesReceived = received,
            Actions = { actions.Select(chunk => UnsafeByteOperations.UnsafeWrap(chunk)) },
        });
    }

    /// <summary>Keeps what they are to know, to be sent.</summary>
    public void Write(SqliteConnection connection, DateTimeOffset now)
    {
        if (batch.Builds.Count == 0)
            return;
        ledger.Tell(connection, batch.ToByteArray(), now);
        batch.Builds.Clear();
    }

    /// <summary>Something that others have told makes no sense here.</summary>
    public void NotUnderstood() => counts.NotUnderstood();

    /// <summary>The file was begun anew.</summary>
    public void Reset()
    {
        batch.Builds.Clear();
        ledger.Reset();
    }
}
