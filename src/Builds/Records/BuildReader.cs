using Microsoft.Data.Sqlite;
using RemoteExec.Builds.Events;
using RemoteExec.Builds.Storage;
using RemoteExec.Protocol;

namespace RemoteExec.Builds.Records;

/// <summary>Reads builds out of their tables.</summary>
internal static class BuildReader
{
    private const string BuildColumns = "key, instance, invocation, tool, tool_version, correlated, began, seen, calls, asked, chunks, bytes";
    private const int FirstSum = 12; // the column behind these
    private const long MillisecondsInHour = 3_600_000;
    private static readonly string sums = string.Join(", ", SumTable.Columns);

    /// <summary>Builds, the newest first.</summary>
    /// <param name="connection">A connection that reads.</param>
    /// <param name="query">Which ones.</param>
    /// <param name="now">The time.</param>
    /// <param name="silence">How long a build may be silent.</param>
    /// <exception cref="CursorException">The query's cursor is none.</exception>
    public static Page<OpenBuild> List(SqliteConnection connection, BuildQuery query, DateTimeOffset now, TimeSpan silence)
    {
        (long began, long key) = query.After is { } after ? Cursor.ReadPair(after) : (long.MaxValue, long.MaxValue);
        using SqliteCommand command = connection.CreateCommand(
            $"""
            SELECT {BuildColumns}, {sums} FROM builds
            WHERE (began, key) < ($began, $key) AND seen >= $since AND ($tool IS NULL OR tool = $tool) AND ($instance IS NULL OR instance = $instance) AND (failed > 0 OR NOT $failed)
                AND (calls > 0 OR NOT EXISTS (SELECT 1 FROM builds AS other WHERE other.invocation = builds.invocation AND other.calls > 0)) {Reported(query)}
            ORDER BY began DESC, key DESC LIMIT $limit
            """,
            ("$began", began), ("$key", key), ("$since", query.Since?.ToUnixTimeMilliseconds() ?? long.MinValue), ("$tool", query.Tool), ("$instance", query.Instance),
            ("$failed", query.HasFailed), ("$limit", query.Limit + 1));
        if (query.User is not null)
            command.Parameters.AddWithValue("$user", query.User);
        if (query.Status is { } status)
        {
            command.Parameters.AddWithValue("$status", (int)status);
            command.Parameters.AddWithValue("$now", now.ToUnixTimeMilliseconds());
            command.Parameters.AddWithValue("$silence", (long)silence.TotalMilliseconds);
        }

        List<OpenBuild> builds = ReadBuilds(command);
        if (builds.Count <= query.Limit)
            return new Page<OpenBuild>(builds, null);
        builds.RemoveAt(query.Limit);
        return new Page<OpenBuild>(builds, Cursor.Format(builds[^1].Began, builds[^1].Key));
    }

    /// <summary>A build by its id, or the newest one of an invocation's name; null if there is none.</summary>
    public static OpenBuild? Find(SqliteConnection connection, string id)
    {
        if (BuildId.TryParse(id, out long key) && Find(connection, key) is { } build)
            return build;
        using SqliteCommand command = connection.CreateCommand(
            $"SELECT {BuildColumns}, {sums} FROM builds WHERE invocation = $id AND invocation != '' ORDER BY calls > 0 DESC, began DESC LIMIT 1", ("$id", id));
        return ReadBuilds(command).FirstOrDefault();
    }

    /// <summary>A build that may go on, with what is known of its actions; null if there is none.</summary>
    public static OpenBuild? Restore(SqliteConnection connection, BuildName name)
    {
        if (Find(connection, name.ToKey()) is not { } build)
            return null;
        foreach (ActionDelta action in Actions(connection, build))
            build.Restore(action);
        build.RestoreTold();
        return build;
    }

    /// <summary>What is known of a build's actions, one for each.</summary>
    public static List<ActionDelta> Actions(SqliteConnection connection, OpenBuild build) => MergedActions.Of(ReadActions(connection, build));

    /// <summary>The sums of hours, the earliest first.</summary>
    public static IEnumerable<(HourKey Hour, SumTable Sums)> Hours(SqliteConnection connection, DateTimeOffset since, string? tool, string? instance)
    {
        using SqliteCommand command = connection.CreateCommand(
            $"""
            SELECT hour, instance, tool, {sums} FROM build_hours
            WHERE hour >= $since AND ($tool IS NULL OR tool = $tool) AND ($instance IS NULL OR instance = $instance) ORDER BY hour
            """,
            ("$since", since.ToUnixTimeMilliseconds() / MillisecondsInHour), ("$tool", tool), ("$instance", instance));
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            var table = new SumTable();
            ReadSums(reader, 3, table);
            yield return (new HourKey(reader.GetInt64(0), reader.GetString(1), reader.GetString(2)), table);
        }
    }

    // What only clients say can be asked for of those alone whose clients say it.
    private static string Reported(BuildQuery query)
    {
        if (query.User is null && query.Status is null)
            return "";
        string user = query.User is null ? "" : "AND r.user = $user", status = query.Status is null ? "" : $"AND ({ReportReader.Status}) = $status";
        return $"AND EXISTS (SELECT 1 FROM reports r WHERE r.invocation = builds.invocation AND builds.invocation <> '' {user} {status})";
    }

    private static OpenBuild? Find(SqliteConnection connection, long key)
    {
        using SqliteCommand command = connection.CreateCommand($"SELECT {BuildColumns}, {sums} FROM builds WHERE key = $key", ("$key", key));
        return ReadBuilds(command).FirstOrDefault();
    }

    private static IEnumerable<ActionDelta> ReadActions(SqliteConnection connection, OpenBuild build)
    {
        using SqliteCommand command = connection.CreateCommand("SELECT actions FROM build_actions WHERE build = $build ORDER BY chunk", ("$build", build.Key));
        using SqliteDataReader reader = command.ExecuteReader();
        var instance = InstanceName.Parse(build.Name.Instance);
        while (reader.Read())
        {
            // What another version has written is left out.
            if (!ActionChunk.TryDecode(instance, (byte[])reader.GetValue(0), out List<ActionDelta>? actions))
                continue;
            foreach (ActionDelta action in actions)
                yield return action;
        }
    }

    private static List<OpenBuild> ReadBuilds(SqliteCommand command)
    {
        using SqliteDataReader reader = command.ExecuteReader();
        var builds = new List<OpenBuild>();
        while (reader.Read())
        {
            (string instance, string invocation, string tool) = (reader.GetString(1), reader.GetString(2), reader.GetString(3));
            long began = reader.GetInt64(6);
            var build = new OpenBuild
            {
                Key = reader.GetInt64(0),
                Name = invocation.Length > 0 ? new BuildName(instance, invocation, "", 0) : new BuildName(instance, "", tool, began / MillisecondsInHour),
                Tool = tool,
                ToolVersion = reader.GetString(4),
                Correlated = reader.GetString(5),
                Began = began,
                Seen = reader.GetInt64(7),
                Calls = reader.GetInt64(8),
                Asked = reader.GetInt64(9),
                WrittenChunks = reader.GetInt32(10),
                WrittenBytes = reader.GetInt64(11),
            };
            ReadSums(reader, FirstSum, build.Sums);
            builds.Add(build);
        }

        return builds;
    }

    private static void ReadSums(SqliteDataReader reader, int first, SumTable table)
    {
        for (int i = 0; i < SumTable.Columns.Count; i++)
            table.Values[i] = reader.GetInt64(first + i);
    }
}
