using System.Text;
using Microsoft.Data.Sqlite;
using RemoteExec.Builds.Calls;
using RemoteExec.Cas.Builds;

namespace RemoteExec.Builds.Explain;

/// <summary>Tells a history of what calls say about actions. Until there is one, nothing is told.</summary>
internal sealed class SightingSink : ICallSink
{
    private const string FromCache = "cached", Ran = "ok", RanBadly = "nonzero_exit", RanTooLong = "timeout"; // outcomes of Execute

    private readonly HitSampling sampling = new();
    private string lastInvocation = "", lastTarget = "", lastMnemonic = "";

    /// <summary>Who is told.</summary>
    public MissHistory? History { get; set; }

    /// <inheritdoc/>
    public void Take(in ObservedCall call)
    {
        if (History is not { } history || KindOf(call) is not { } kind || (kind == SightingKind.Hit && !sampling.Takes(call.Digest, call.Time)))
            return;
        lastInvocation = Share(lastInvocation, call.Metadata.Invocation);
        lastTarget = Share(lastTarget, call.Metadata.Target);
        lastMnemonic = Share(lastMnemonic, call.Metadata.Mnemonic);
        history.Observe(new Sighting(call.Digest, kind, call.Time)
        {
            Invocation = lastInvocation,
            Target = lastTarget,
            Mnemonic = lastMnemonic,
            Duration = TimeSpan.FromMilliseconds(call.Execution.Run ?? 0),
        });
    }

    /// <inheritdoc/>
    public void Write(SqliteConnection connection, DateTimeOffset now)
    {
        // The history writes in a file of its own, at its own pace: to explain takes longer than to count.
    }

    /// <inheritdoc/>
    public void Reset()
    {
        // Nothing of it is in that file.
    }

    private static SightingKind? KindOf(in ObservedCall call) => call.Kind switch
    {
        CallKind.Hit => SightingKind.Hit,
        CallKind.Miss => SightingKind.Miss,
        CallKind.Stored => SightingKind.Stored,
        CallKind.Executed => call.Outcome switch
        {
            FromCache => SightingKind.Hit,
            Ran or RanBadly or RanTooLong => SightingKind.Executed,
            _ => null, // it never ran
        },
        _ => null,
    };

    // Most calls are of the same build as the one before.
    private static string Share(string last, ReadOnlySpan<byte> text) =>
        Ascii.Equals(text, last) ? last : Encoding.UTF8.GetString(text);
}
