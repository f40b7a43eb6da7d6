using Microsoft.Data.Sqlite;
using RemoteExec.Builds.Storage;

namespace RemoteExec.Builds.Records;

/// <summary>Writes builds into their tables, and deletes those that are too old or too many.</summary>
internal sealed class BuildTable(BuildRecordOptions options)
{
    private const int DeletedAtATime = 20; // builds: what is under way waits for it
    private const long MillisecondsInHour = 3_600_000;
    private static readonly TimeSpan trimInterval = TimeSpan.FromSeconds(10);

    private static readonly string putBuild =
        $"""
        INSERT INTO builds (key, instance, invocation, tool, tool_version, correlated, began, seen, calls, asked, chunks, bytes, {string.Join(", ", SumTable.Columns)})
        VALUES ($key, $instance, $invocation, $tool, $version, $correlated, $began, $seen, $calls, $asked, $chunks, $bytes, {string.Join(", ", SumTable.Columns.Select(column => "$" + column))})
        ON CONFLICT (key) DO UPDATE SET tool = excluded.tool, tool_version = excluded.tool_version, correlated = excluded.correlated, began = excluded.began, seen = excluded.seen,
            calls = excluded.calls, asked = excluded.asked, chunks = excluded.chunks, bytes = excluded.bytes, {string.Join(", ", SumTable.Columns.Select(column => $"{column} = excluded.{column}"))}
        """;

    private static readonly string addHour =
        $"""
        INSERT INTO build_hours (hour, instance, tool, {string.Join(", ", SumTable.Columns)})
        VALUES ($hour, $instance, $tool, {string.Join(", ", SumTable.Columns.Select(column => "$" + column))})
        ON CONFLICT (hour, instance, tool) DO UPDATE SET {string.Join(", ", SumTable.Columns.Select(column => $"{column} = {column} + excluded.{column}"))}
        """;

    private DateTimeOffset trimmed;

    /// <summary>Adds a piece of what is known of a build's actions.</summary>
    public void AddChunk(SqliteConnection connection, OpenBuild build, byte[] actions)
    {
        // A piece of that number may be left of before a disk was full.
        connection.Execute("INSERT OR REPLACE INTO build_actions (build, chunk, actions) VALUES ($build, $chunk, $actions)",
            ("$build", build.Key), ("$chunk", build.WrittenChunks), ("$actions", actions));
        build.WrittenChunks++;
        build.WrittenBytes += actions.Length;
    }

    /// <summary>Writes what is known of a build as a whole.</summary>
    public void Put(SqliteConnection connection, OpenBuild build)
    {
        using SqliteCommand command = connection.CreateCommand(putBuild,
            ("$key", build.Key), ("$instance", build.Name.Instance), ("$invocation", build.Name.Invocation), ("$tool", build.Tool), ("$version", build.ToolVersion),
            ("$correlated", build.Correlated), ("$began", build.Began), ("$seen", build.Seen), ("$calls", build.Calls), ("$asked", build.Asked),
            ("$chunks", build.WrittenChunks), ("$bytes", build.WrittenBytes));
        AddSums(command, build.Sums);
        command.ExecuteNonQuery();
    }

    /// <summary>Adds to the sums of an hour.</summary>
    public void AddHour(SqliteConnection connection, HourKey hour, SumTable sums)
    {
        using SqliteCommand command = connection.CreateCommand(addHour, ("$hour", hour.Hour), ("$instance", hour.Instance), ("$tool", hour.Tool));
        AddSums(command, sums);
        command.ExecuteNonQuery();
    }

    /// <summary>Deletes what is too old or too much, some of it at a time, and gives the space back to the disk.</summary>
    public void Trim(SqliteConnection connection, DateTimeOffset now)
    {
        if (now - trimmed < trimInterval)
            return;
        trimmed = now;
        long oldest = (now - options.Retention).ToUnixTimeMilliseconds();
        connection.Execute("DELETE FROM build_hours WHERE hour < $oldest", ("$oldest", oldest / MillisecondsInHour));
        foreach (long build in Oldest(connection, oldest))
            Delete(connection, build);
        while (connection.ReadLong("SELECT (SELECT page_count FROM pragma_page_count) - (SELECT freelist_count FROM pragma_freelist_count)")
            * connection.ReadLong("PRAGMA page_size") > options.MaxBytes
            && Oldest(connection, long.MaxValue) is [var first, _, ..]) // the last one is under way, as a rule
        {
            Delete(connection, first);
        }

        using SqliteCommand vacuum = connection.CreateCommand("PRAGMA incremental_vacuum(1000)");
        using SqliteDataReader pages = vacuum.ExecuteReader();
        while (pages.Read())
        {
            // Each step frees a page.
        }
    }

    private static void Delete(SqliteConnection connection, long build)
    {
        connection.Execute("DELETE FROM build_actions WHERE build = $build", ("$build", build));
        connection.Execute("DELETE FROM builds WHERE key = $build", ("$build", build));
    }

    private static List<long> Oldest(SqliteConnection connection, long before)
    {
        using SqliteCommand command = connection.CreateCommand("SELECT key FROM builds WHERE seen < $before ORDER BY seen LIMIT $limit", ("$before", before), ("$limit", DeletedAtATime));
        using SqliteDataReader reader = command.ExecuteReader();
        var builds = new List<long>();
        while (reader.Read())
            builds.Add(reader.GetInt64(0));
        return builds;
    }

    private static void AddSums(SqliteCommand command, SumTable sums)
    {
        for (int i = 0; i < SumTable.Columns.Count; i++)
            command.Parameters.AddWithValue("$" + SumTable.Columns[i], sums.Values[i]);
    }
}
