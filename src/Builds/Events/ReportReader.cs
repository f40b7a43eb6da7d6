using System.Globalization;
using Microsoft.Data.Sqlite;
using RemoteExec.Builds.Records;
using RemoteExec.Builds.Storage;

namespace RemoteExec.Builds.Events;

/// <summary>Reads what clients tell of their builds.</summary>
internal static class ReportReader
{
    /// <summary>
    /// How a build is that has a row <c>r</c> among the reports, as the number of a <see cref="BuildStatus"/>; <c>$now</c> and <c>$silence</c> are the time and how long a build may be silent of
    /// which its client does not say that. Five minutes after its connection broke nobody comes again: clients try for less than one.
    /// </summary>
    public const string Status =
        """
        CASE
            WHEN r.exit_code = 0 THEN 1
            WHEN r.exit_code = 8 OR r.exit_name = 'INTERRUPTED' THEN 3
            WHEN r.exit_code IS NOT NULL THEN 2
            WHEN r.result = 1 THEN 1
            WHEN r.result = 7 THEN 3
            WHEN r.result IS NOT NULL THEN 2
            WHEN r.ended = 1 OR r.left_at + 300000 < $now OR r.seen + coalesce(r.silence, $silence) < $now THEN 4
            ELSE 0
        END
        """;

    private const long MillisecondsInSecond = 1000;

    /// <summary>What is told of a build; null if nothing is.</summary>
    public static BuildReport? Find(SqliteConnection connection, string invocation, DateTimeOffset now, TimeSpan silence)
    {
        using SqliteCommand command = connection.CreateCommand(
            $"""
            SELECT {Status}, exit_code, exit_name, command, patterns, user, host, workspace, keywords, started, finished, wall_ms, critical_path_ms, problem, targets, tests, failures, cut,
                (SELECT count(*) FROM report_targets WHERE report = r.id AND status = 4), (SELECT count(*) FROM report_tests WHERE report = r.id AND status > 2)
            FROM reports r WHERE invocation = $invocation AND invocation <> ''
            """,
            ("$invocation", invocation), ("$now", now.ToUnixTimeMilliseconds()), ("$silence", (long)silence.TotalMilliseconds));
        using SqliteDataReader reader = command.ExecuteReader();
        if (!reader.Read())
            return null;
        long? started = LongOf(reader, 9), finished = LongOf(reader, 10), wall = LongOf(reader, 11) ?? finished - started;
        return new BuildReport
        {
            Status = (BuildStatus)reader.GetInt32(0),
            ExitCode = reader.IsDBNull(1) ? null : reader.GetInt32(1),
            ExitName = reader.GetString(2),
            Command = reader.GetString(3),
            Patterns = LinesOf(reader.GetString(4)),
            User = reader.GetString(5),
            Host = reader.GetString(6),
            Workspace = reader.GetString(7),
            Keywords = LinesOf(reader.GetString(8)),
            Started = TimeOf(started),
            Finished = TimeOf(finished),
            WallSeconds = wall is >= 0 ? wall / (double)MillisecondsInSecond : null,
            CriticalPathSeconds = LongOf(reader, 12) / (double)MillisecondsInSecond,
            Problem = reader.GetString(13),
            Targets = reader.GetInt64(14),
            Tests = reader.GetInt64(15),
            FailedActions = reader.GetInt64(16),
            HasMore = reader.GetBoolean(17),
            FailedTargets = reader.GetInt64(18),
            FailedTests = reader.GetInt64(19),
        };
    }

    /// <summary>Targets of a build, those first of which worse came.</summary>
    /// <exception cref="CursorException">The query's cursor is none.</exception>
    public static Page<TargetReport> Targets(SqliteConnection connection, string invocation, ReportQuery<TargetStatus> query) => List(
        connection, invocation, query, "label, kind, status, problem", "report_targets", "status",
        reader => new TargetReport(reader.GetString(0), reader.GetString(1), (TargetStatus)reader.GetInt32(2), reader.GetString(3)));

    /// <summary>Tests of a build, those first of which worse came.</summary>
    /// <exception cref="CursorException">The query's cursor is none.</exception>
    public static Page<TestReport> Tests(SqliteConnection connection, string invocation, ReportQuery<TestStatus> query) => List(
        connection, invocation, query, "label, status, runs, shards, attempts, results, cached_locally, cached_remotely, took_ms, log", "report_tests",
        "CASE WHEN status > 2 THEN 3 WHEN status = 2 THEN 2 ELSE 1 - status END", // failed, flaky, unknown, passed
        reader => new TestReport
        {
            Label = reader.GetString(0),
            Status = (TestStatus)reader.GetInt32(1),
            Runs = reader.GetInt32(2),
            Shards = reader.GetInt32(3),
            Attempts = reader.GetInt32(4),
            Results = reader.GetInt32(5),
            CachedLocally = reader.GetInt32(6),
            CachedRemotely = reader.GetInt32(7),
            Seconds = reader.GetInt64(8) / (double)MillisecondsInSecond,
            Log = reader.GetString(9),
        });

    /// <summary>How many targets there are of which something came, of all that may.</summary>
    public static IReadOnlyList<StatusCount<TargetStatus>> CountTargets(SqliteConnection connection, string invocation) => Count<TargetStatus>(connection, invocation, "report_targets");

    /// <summary>How many tests there are of which something came.</summary>
    public static IReadOnlyList<StatusCount<TestStatus>> CountTests(SqliteConnection connection, string invocation) => Count<TestStatus>(connection, invocation, "report_tests");

    /// <summary>The first actions of a build that failed.</summary>
    public static IReadOnlyList<FailedAction> FailedActions(SqliteConnection connection, string invocation, int limit)
    {
        using SqliteCommand command = connection.CreateCommand(
            "SELECT label, mnemonic, exit_code, output, stdout, stderr FROM report_failures WHERE report = (SELECT id FROM reports WHERE invocation = $invocation) ORDER BY rowid LIMIT $limit",
            ("$invocation", invocation), ("$limit", limit));
        using SqliteDataReader reader = command.ExecuteReader();
        var actions = new List<FailedAction>();
        while (reader.Read())
            actions.Add(new FailedAction(reader.GetString(0), reader.GetString(1), reader.GetInt32(2), reader.GetString(3), reader.GetString(4), reader.GetString(5)));
        return actions;
    }

    private static Page<T> List<T, TStatus>(
        SqliteConnection connection, string invocation, ReportQuery<TStatus> query, string columns, string table, string badness, Func<SqliteDataReader, T> read)
        where TStatus : struct, Enum
    {
        int place = query.After is { } after ? Cursor.ReadPlace(after) : 0;
        string statuses = query.Statuses.Count == 0 ? "" : $"AND status IN ({string.Join(", ", query.Statuses.Select(NumberOf))})";
        using SqliteCommand command = connection.CreateCommand(
            $"""
            SELECT {columns} FROM {table} WHERE report = (SELECT id FROM reports WHERE invocation = $invocation) {statuses} AND ($label IS NULL OR instr(label, $label) > 0)
            ORDER BY {badness} DESC, label LIMIT $limit OFFSET $place
            """,
            ("$invocation", invocation), ("$label", query.Label), ("$limit", query.Limit + 1), ("$place", place));
        using SqliteDataReader reader = command.ExecuteReader();
        var items = new List<T>();
        while (reader.Read())
            items.Add(read(reader));
        if (items.Count <= query.Limit)
            return new Page<T>(items, null);
        items.RemoveAt(query.Limit);
        return new Page<T>(items, Cursor.Format(place + query.Limit));
    }

    private static List<StatusCount<TStatus>> Count<TStatus>(SqliteConnection connection, string invocation, string table)
        where TStatus : struct, Enum
    {
        using SqliteCommand command = connection.CreateCommand(
            $"SELECT status, count(*) FROM {table} WHERE report = (SELECT id FROM reports WHERE invocation = $invocation) GROUP BY status ORDER BY status", ("$invocation", invocation));
        using SqliteDataReader reader = command.ExecuteReader();
        var counts = new List<StatusCount<TStatus>>();
        while (reader.Read())
            counts.Add(new StatusCount<TStatus>((TStatus)Enum.ToObject(typeof(TStatus), reader.GetInt32(0)), reader.GetInt64(1)));
        return counts;
    }

    private static int NumberOf<TStatus>(TStatus status)
        where TStatus : struct, Enum => Convert.ToInt32(status, CultureInfo.InvariantCulture);

    private static long? LongOf(SqliteDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetInt64(column);

    private static DateTimeOffset? TimeOf(long? milliseconds) => milliseconds is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null;

    private static string[] LinesOf(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
