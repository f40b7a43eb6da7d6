using System.Text.Json;
using RemoteExec.Builds.Sharing;
using RemoteExec.Builds.Storage;
using RemoteExec.Protocol;

namespace RemoteExec.Builds.Explain.History;

/// <summary>The explanations, as they were when the actions missed: later the inputs may be gone. Not thread-safe, as the connection is not.</summary>
/// <param name="statements">Those of any connection to the file; of the one that writes, for <see cref="Put"/>.</param>
/// <param name="shared">Told of what is put into it; null if nobody is.</param>
internal sealed class MissTable(Statements statements, SharedHistory? shared = null)
{
    /// <summary>Keeps an explanation, in the place of what was kept of that action and build.</summary>
    public void Put(Sighting sighting, long invocation, long? line, Explanation explanation)
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(explanation, ExplainJson.Default.Explanation);
        statements.Execute(
            """
            INSERT INTO misses (invocation, digest, line, target, mnemonic, at, duration, kind, subject, sentence, detail)
            VALUES ($invocation, $digest, $line, $target, $mnemonic, $at, $duration, $kind, $subject, $sentence, $detail)
            ON CONFLICT (invocation, digest) DO UPDATE SET line = excluded.line, target = excluded.target, mnemonic = excluded.mnemonic, duration = excluded.duration,
              kind = excluded.kind, subject = excluded.subject, sentence = excluded.sentence, detail = excluded.detail
            """,
            ("$invocation", invocation), ("$digest", sighting.Action.HashSpan.ToArray()), ("$line", line), ("$target", sighting.Target), ("$mnemonic", sighting.Mnemonic),
            ("$at", sighting.At.ToUnixTimeMilliseconds()), ("$duration", (long)sighting.Duration.TotalMilliseconds), ("$kind", explanation.Cause.Kind.ToString()), ("$subject", explanation.Cause.Subject),
            ("$sentence", explanation.Cause.Sentence), ("$detail", Packed.Compress(json, int.MaxValue)));
        shared?.Missed(sighting, json);
    }

    /// <summary>That of an action in a build; null if there is none.</summary>
    public Explanation? Find(long invocation, Digest digest) =>
        Read("SELECT detail FROM misses WHERE invocation = $invocation AND digest = $digest", ("$invocation", invocation), ("$digest", digest.HashSpan.ToArray()));

    /// <summary>That of what makes a line, in a build; null if there is none.</summary>
    public Explanation? OfLine(long invocation, long line) =>
        Read("SELECT detail FROM misses WHERE invocation = $invocation AND line = $line ORDER BY id DESC LIMIT 1", ("$invocation", invocation), ("$line", line));

    /// <summary>The latest of an action, in whatever build; null if there is none.</summary>
    public Explanation? Latest(InstanceName instance, ReadOnlySpan<byte> hash) => Read(
        "SELECT m.detail FROM misses m JOIN invocations i ON i.id = m.invocation WHERE m.digest = $digest AND i.instance = $instance ORDER BY m.at DESC LIMIT 1",
        ("$digest", hash.ToArray()), ("$instance", instance.Value));

    /// <summary>The causes of a build's misses, by how many they are to blame for; null if it is not known that it missed anything.</summary>
    public BuildCauses? OfBuild(string build)
    {
        var causes = statements.Read(
            """
            SELECT kind, subject, sentence, count(*), sum(duration), min(m.id), detail FROM misses m JOIN invocations i ON i.id = m.invocation WHERE i.name = $name
            GROUP BY kind, subject ORDER BY count(*) DESC, sum(duration) DESC, kind, subject
            """,
            static row => (
                Kind: Enum.Parse<CauseKind>(row.GetString(0)), Subject: row.GetString(1), Sentence: row.GetString(2), Actions: row.GetInt64(3), Seconds: row.GetInt64(4) / 1000.0,
                Example: Packed.FromJson(row.GetFieldValue<byte[]>(6), ExplainJson.Default.Explanation).Action),
            ("$name", build));
        long misses = causes.Sum(cause => cause.Actions);
        return causes.Count == 0
            ? null
            : new BuildCauses(build, misses, causes.Sum(cause => cause.Seconds), [.. causes.Select(cause => new RankedCause(
                cause.Kind, cause.Subject, cause.Sentence, cause.Actions, (double)cause.Actions / misses, cause.Seconds, cause.Example))]);
    }

    private Explanation? Read(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters) =>
        statements.ReadValue(sql, parameters) is byte[] detail ? Packed.FromJson(detail, ExplainJson.Default.Explanation) : null;
}
