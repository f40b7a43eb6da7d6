using Google.Protobuf;
using RemoteExec.Builds.Sharing;
using RemoteExec.Builds.Storage;
using RemoteExec.Protocol;

namespace RemoteExec.Builds.Explain.History;

/// <summary>Writes down which actions there were. For the thread that writes.</summary>
/// <param name="statements">Those of the connection that writes.</param>
/// <param name="limits">How much is kept.</param>
/// <param name="shared">Told of it; null if nobody is.</param>
internal sealed class HistoryWriter(Statements statements, HistoryLimits limits, SharedHistory? shared = null)
{
    /// <summary>The number of a build.</summary>
    public long Invocation(Sighting sighting) => statements.ReadLong(
        "INSERT INTO invocations (instance, name, seen) VALUES ($instance, $name, $seen) ON CONFLICT (name, instance) DO UPDATE SET seen = max(seen, excluded.seen) RETURNING id",
        ("$instance", sighting.Action.Instance.Value), ("$name", sighting.Invocation), ("$seen", sighting.At.ToUnixTimeMilliseconds()));

    /// <summary>Says that an action was asked for again; false if the history does not have it.</summary>
    public bool Touch(Sighting sighting, long invocation)
    {
        bool isKnown = statements.Execute(
            """
            UPDATE actions SET invocation = CASE WHEN $seen >= seen THEN $invocation ELSE invocation END, seen = max(seen, $seen)
            WHERE digest = $digest AND invocation IN (SELECT id FROM invocations WHERE instance = $instance)
            """,
            ("$seen", sighting.At.ToUnixTimeMilliseconds()), ("$invocation", invocation), ("$digest", sighting.Action.HashSpan.ToArray()), ("$instance", sighting.Action.Instance.Value)) > 0;
        if (isKnown)
            shared?.Asked(sighting);
        return isKnown;
    }

    /// <summary>Keeps an action, of which the command is at hand. Returns the number of its line.</summary>
    public long Record(Sighting sighting, long invocation, ActionContent content, LineKey key)
    {
        long line = statements.ReadLong(
            "INSERT INTO lines (key, family, target, mnemonic, output) VALUES ($key, $family, $target, $mnemonic, $output) ON CONFLICT (key) DO UPDATE SET target = excluded.target RETURNING id",
            ("$key", key.Key), ("$family", key.Family), ("$target", sighting.Target), ("$mnemonic", sighting.Mnemonic), ("$output", key.Output));
        Reapi.Action rest = content.Action!.Clone();
        rest.CommandDigest = rest.InputRootDigest = null;
        Digest root = content.InputRoot!.Value;
        statements.Execute(
            """
            INSERT INTO actions (line, digest, size, function, invocation, seen, shape, command, root, root_size, rest)
            VALUES ($line, $digest, $size, $function, $invocation, $seen, $shape, $command, $root, $rootSize, $rest)
            ON CONFLICT (line, digest) DO UPDATE SET invocation = CASE WHEN excluded.seen >= seen THEN excluded.invocation ELSE invocation END, seen = max(seen, excluded.seen)
            """,
            ("$line", line), ("$digest", sighting.Action.HashSpan.ToArray()), ("$size", sighting.Action.SizeBytes), ("$function", (int)sighting.Action.Function), ("$invocation", invocation),
            ("$seen", sighting.At.ToUnixTimeMilliseconds()), ("$shape", key.Shape), ("$command", Command(content)), ("$root", root.HashSpan.ToArray()), ("$rootSize", root.SizeBytes),
            ("$rest", rest.ToByteArray()));
        statements.Execute(
            "DELETE FROM actions WHERE line = $line AND id NOT IN (SELECT id FROM actions WHERE line = $line ORDER BY seen DESC, id DESC LIMIT $most)", ("$line", line), ("$most", limits.ActionsPerLine));
        foreach (string path in LineKey.OutputsOf(content).Take(limits.OutputsPerLine))
            statements.Execute("INSERT OR IGNORE INTO outputs (path, line) VALUES ($path, $line)", ("$path", LineKey.HashOfPath(sighting.Action.Instance, path)), ("$line", line));
        shared?.Learned(sighting, content);
        return line;
    }

    /// <summary>Forgets what is over the limits, oldest first, and all that only belonged to it.</summary>
    public void Prune()
    {
        bool isOver = Forget("actions", "seen", limits.Actions) | Forget("misses", "at", limits.Misses);
        if (!isOver)
            return;
        statements.Execute(
            """
            DELETE FROM lines WHERE id NOT IN (SELECT line FROM actions);
            DELETE FROM outputs WHERE line NOT IN (SELECT id FROM lines);
            DELETE FROM commands WHERE id NOT IN (SELECT command FROM actions);
            DELETE FROM invocations WHERE id NOT IN (SELECT invocation FROM actions) AND id NOT IN (SELECT invocation FROM misses);
            """);
    }

    // A tenth more than needed, so that it is not done all the time.
    private bool Forget(string table, string time, int most)
    {
        long excess = statements.ReadLong($"SELECT count(*) FROM {table}") - most;
        if (excess <= 0)
            return false;
        statements.Execute($"DELETE FROM {table} WHERE id IN (SELECT id FROM {table} ORDER BY {time} LIMIT $excess)", ("$excess", excess + (most / 10)));
        return true;
    }

    private long Command(ActionContent content)
    {
        byte[] digest = content.Action!.CommandDigest.ToByteArray();
        return statements.ReadValue("SELECT id FROM commands WHERE digest = $digest", ("$digest", digest)) is long id
            ? id
            : statements.ReadLong(
                "INSERT INTO commands (digest, message) VALUES ($digest, $message) RETURNING id",
                ("$digest", digest), ("$message", Packed.Compress(content.Command!.ToByteArray(), limits.CommandBytes)));
    }
}
